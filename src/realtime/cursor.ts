/** What an event's id says: until when everything has been told to whoever has received it. */
export interface Cursor {
  /** Microseconds since 1970, by the database's clock. */
  readonly until: number
}

/** Makes and reads the ids of events. They are opaque to clients (CONTRACT §6). */
export interface Cursors {
  /** @param until see Cursor */
  next(until: number): string
  /** Null: not one of this installation's, or older than is kept. */
  read(id: string, now: number): Cursor | null
}

/** Who has been away longer starts over. Nothing would keep an older cursor from being read: a bound makes the promise one. */
export const KEPT_US = 7 * 86_400_000_000
// A cursor of the future is of another database, or the clock has been set back.
const AHEAD_US = 60_000_000
const ID = /^([0-9a-z]{6})-([0-9a-z]{1,11})-[0-9a-z]{1,9}$/

/** @param installation six characters by which one installation's ids are told from another's */
export function createCursors(installation: string): Cursors {
  let count = 0
  return {
    next(until) {
      count = (count + 1) % 0x7fffffff
      return `${installation}-${until.toString(36)}-${count.toString(36)}`
    },
    read(id, now) {
      const [, whose, until = ''] = ID.exec(id) ?? []
      const at = Number.parseInt(until, 36)
      if (whose !== installation || !(at <= now + AHEAD_US && at >= now - KEPT_US)) return null
      return { until: at }
    },
  }
}
