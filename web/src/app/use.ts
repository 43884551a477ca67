import { useEffect, useReducer, useRef, useState } from 'preact/hooks'

/** What can be observed: the client's stores, and the inbox's own. */
export interface Observable<S> {
  subscribe(listener: () => void): () => void
  getSnapshot(): S
}

/** The snapshot of a store, drawn again whenever it is another one. */
export function useStore<S>(store: Observable<S>): S {
  const [, draw] = useReducer((n: number) => n + 1, 0)
  const snapshot = store.getSnapshot()
  const drawn = useRef(snapshot)
  drawn.current = snapshot
  useEffect(() => {
    const look = () => {
      if (store.getSnapshot() !== drawn.current) draw(undefined)
    }
    // Something may have happened between the drawing and now.
    look()
    return store.subscribe(look)
  }, [store])
  return snapshot
}

/** A value that can be observed. */
export interface Cell<S> extends Observable<S> {
  set(value: S): void
}

export function cell<S>(value: S): Cell<S> {
  const listeners = new Set<() => void>()
  return {
    getSnapshot: () => value,
    set(next) {
      if (next === value) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Something that is made once, let go of, and made anew when what it is made of changes. */
export function useMade<T extends { close(): void }>(make: () => T, of: readonly unknown[]): T {
  const held = useRef<{ made: T; of: readonly unknown[] } | null>(null)
  if (held.current === null || held.current.of.some((one, i) => one !== of[i])) {
    held.current?.made.close()
    held.current = { made: make(), of }
  }
  useEffect(
    () => () => {
      held.current?.made.close()
      held.current = null
    },
    [],
  )
  return held.current.made
}

/** What was given, once it has stood for a while. */
export function useLater<T>(value: T, ms: number): T {
  const [later, setLater] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return later
}
