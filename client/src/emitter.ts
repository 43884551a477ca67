type Listener = (value: never) => void

/** Listeners by name. */
export interface Emitter {
  /** The same one may be there twice. @returns ends the listening, and tells whether there was any */
  add(name: string, listener: Listener): () => boolean
  tell(name: string, value?: unknown): void
  clear(): void
}

export function createEmitter(): Emitter {
  const all = new Map<object, [name: string, listener: Listener]>()
  return {
    add(name, listener) {
      const key = {}
      all.set(key, [name, listener])
      return () => all.delete(key)
    },
    tell(name, value) {
      for (const [wanted, listener] of [...all.values()]) {
        if (wanted !== name) continue
        try {
          listener(value as never)
        } catch (error) {
          // The listener's own fault: told where uncaught errors are told, and the others are told all the same.
          queueMicrotask(() => {
            throw error
          })
        }
      }
    },
    clear: () => all.clear(),
  }
}
