import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Thread, ThreadSnapshot } from '../../../client/src/index.ts'

// Nearer to the end than this is at the end.
const AT_END_PX = 48
// So far from an edge more is asked for, that it is there before the edge is.
const AHEAD_PX = 1_600

interface Anchor {
  readonly key: string
  /** How far below the upper edge of what is seen. */
  readonly top: number
}

/**
 * Keeps what is read where it is, whatever comes and goes above and below: what is seen first is found again after each change and put
 * back in its place. At the end it stays at the end. By itself, since not every browser does it (`overflow-anchor`), and none where
 * something is taken away at the other side.
 */
export function useThreadScroll(thread: Thread, snapshot: ThreadSnapshot) {
  const scroller = useRef<HTMLElement>(null)
  const anchor = useRef<Anchor | null>(null)
  const [isAtEnd, setAtEnd] = useState(true)
  const pinned = useRef(true)
  const target = useRef<string | null>(null)
  // On the way to the end, which has to be fetched first.
  const leaving = useRef(false)

  const more = () => {
    const element = scroller.current
    const { hasOlder, hasNewer, loading, state } = thread.getSnapshot()
    if (!element || loading || state !== 'ready') return
    const below = element.scrollHeight - element.scrollTop - element.clientHeight
    if (hasOlder && element.scrollTop < AHEAD_PX) void thread.loadOlder()
    else if (hasNewer && below < AHEAD_PX) void thread.loadNewer()
  }
  const look = () => {
    const element = scroller.current
    if (!element) return
    const below = element.scrollHeight - element.scrollTop - element.clientHeight
    pinned.current = below < AT_END_PX && !thread.getSnapshot().hasNewer
    setAtEnd(pinned.current)
    anchor.current = firstSeen(element)
  }
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    const wanted = target.current && find(element, target.current)
    if (wanted) {
      target.current = null
      element.scrollTop = topOf(element, wanted) - element.clientHeight / 4
    } else if ((pinned.current || leaving.current) && !snapshot.hasNewer) {
      leaving.current = false
      element.scrollTop = element.scrollHeight
    } else if (anchor.current) {
      const held = find(element, anchor.current.key)
      if (held) element.scrollTop += topOf(element, held) - element.scrollTop - anchor.current.top
    }
    look()
    more()
  }, [thread, snapshot])
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    // A keyboard that comes up, or a composer that grows, takes from what is seen.
    const observer = new ResizeObserver(() => {
      if (pinned.current) element.scrollTop = element.scrollHeight
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [thread])
  return {
    scroller,
    isAtEnd,
    onScroll() {
      look()
      more()
    },
    /** Brings an item into sight as soon as it is there. */
    aimAt(key: string) {
      target.current = key
      pinned.current = false
    },
    toEnd() {
      const element = scroller.current
      leaving.current = thread.getSnapshot().hasNewer
      if (leaving.current) void thread.loadLatest()
      else if (element) element.scrollTop = element.scrollHeight
    },
  }
}

const itemsIn = (element: HTMLElement) => element.querySelector('[data-items]')?.children ?? []
const topOf = (scroller: HTMLElement, item: Element) =>
  item.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop

function find(scroller: HTMLElement, key: string): Element | null {
  return scroller.querySelector(`[data-key="${CSS.escape(key)}"]`)
}

/** By halves: an item's place is known without drawing anything, but not for nothing. */
function firstSeen(scroller: HTMLElement): Anchor | null {
  const items = itemsIn(scroller)
  const edge = scroller.getBoundingClientRect().top
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((items[middle] as Element).getBoundingClientRect().bottom <= edge) low = middle + 1
    else high = middle
  }
  // Dividers come and go: messages stay.
  while (low < items.length && !('message' in (items[low] as HTMLElement).dataset)) low++
  const item = items[low] as HTMLElement | undefined
  return item ? { key: item.dataset.key as string, top: item.getBoundingClientRect().top - edge } : null
}
