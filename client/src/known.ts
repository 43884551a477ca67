/** Whether two values would be the same on the wire. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const AHEAD_MS = 48 * 3_600_000

/**
 * Whether a message was made before one that is known by its id, or is that one: ids have the order of the conversation, except
 * that imported ones may be anything, which new ones are not bound by if they are no UUIDv7 or two days ahead.
 */
export const isKnown = (message: { id: string; created_at: string }, known: string): boolean =>
  message.id <= known &&
  known[14] === '7' &&
  Number(`0x${known.slice(0, 8)}${known.slice(9, 13)}`) - Date.parse(message.created_at) < AHEAD_MS
