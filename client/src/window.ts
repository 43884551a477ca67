import { isKnown, same } from './known.ts'
import type { ThreadMessage } from './pending.ts'
import type { Message } from './types.ts'

/**
 * A part of a thread without gaps. Messages come and go at the top alone, so a position and the id that is there tell that all
 * below is as it was.
 */
export interface Window {
  /** How many messages there are below it. */
  start: number
  held: ThreadMessage[]
  /** How many messages the thread holds. */
  total: number
  /** The id of the newest message that was ever seen at the thread's end. */
  newest: string
}

/** What a window cannot know by itself: the messages after it, or everything. */
export type Missing = 'newer' | 'whole' | 'latest' | null

export const emptyWindow = (): Window => ({ start: 0, held: [], total: 0, newest: '' })
export const endOf = ({ start, held }: Window): number => start + held.length
export const lastOf = ({ held }: Window): ThreadMessage | undefined => held[held.length - 1]
export const isAtTail = (window: Window): boolean => endOf(window) === window.total

/** Puts messages of a fetch in place. What has not changed stays the same object. */
export function place(window: Window, start: number, messages: readonly Message[], total: number): void {
  const before = new Map(window.held.map((one) => [one.id, one]))
  const held = messages.slice(0, Math.max(0, total - start)).map((message, i) => {
    const item: ThreadMessage = { ...message, position: start + i + 1, status: 'sent' }
    const known = before.get(message.id)
    return known && same(known, item) ? known : item
  })
  Object.assign(window, { start, held, total })
  const last = lastOf(window)
  if (last && isAtTail(window) && !isKnown(last, window.newest)) window.newest = last.id
}

/** A message came, or a fetch has told of it before. */
export function created(window: Window, message: Message, position: number): Missing {
  const { start, held, newest } = window
  if (isKnown(message, newest)) {
    // The fetch that told of it saw more than one moment, unless it has been deleted meanwhile: that will be told.
    const there = position > start ? held[position - start - 1] : undefined
    return there && there.id !== message.id ? 'whole' : null
  }
  const atTail = isAtTail(window)
  window.newest = message.id
  window.total = position
  // Whatever was there, and after it, has been deleted.
  if (position <= start) return 'latest'
  held.splice(position - start - 1)
  if (endOf(window) === position - 1) held.push({ ...message, position, status: 'sent' })
  else if (atTail) return 'newer'
  return null
}

/** The last message was deleted. @param total how many are left; undefined where that is not known */
export function deleted(window: Window, id: string, total?: number): Missing {
  const at = window.held.findIndex((one) => one.id === id)
  if (at >= 0) {
    window.held.splice(at)
    window.total = endOf(window)
    // Emptied: there may be others below, and an empty thread may be one that cannot be seen.
    return at === 0 ? 'latest' : null
  }
  if (total === undefined) return null
  if (isAtTail(window)) return total > window.total ? 'whole' : null
  window.total = Math.min(window.total, total)
  return window.total < endOf(window) ? 'whole' : null
}
