/** A change of a conversation, as far as its order goes: see store/outbox.ts. */
export interface Ordered {
  /** The conversation's. */
  readonly key: string
  readonly change: number
  /** Microseconds since 1970, by the database's clock. */
  readonly changedAt: number
  readonly previousAt: number | null
}

/** Brings the changes of each conversation into their order, however they come to this server. */
export interface Order<Change extends Ordered> {
  /** A change has come. It is let through when all before it were, dropped when it was, and otherwise kept until then. */
  offer(change: Change): void
  /** Everything that was changed before this moment has come. */
  advance(settled: number): void
  /**
   * Lets go what has waited too long.
   * @param advances whether `advance` is called at all; otherwise what is known is let go by its age
   */
  expire(advances: boolean): void
  /** What has come so far says nothing about what will: changes may have been missed. */
  forget(): void
  readonly settled: number
}

// Of changes that came out of their order; each is waiting for one that is on its way. More means that something is broken.
const HELD_MOST = 10_000
// The conversations that changed since the last `advance`; beyond this the oldest are let go, and the next change of theirs waits for it.
const KNOWN_MOST = 200_000
// The one before is committed already, so it comes within moments unless the way is broken.
const HOLD_MS = 5_000

interface Held<Change> {
  readonly change: Change
  readonly since: number
}

/**
 * A server hears of changes by several ways: its own sends at once, everything by the bus, from several relays at a time. They are one
 * sequence for each conversation, counted under the row's lock, and each knows when the one before it was made. So a change may be told
 * if its predecessor was told here, or was made before the moment until which all has come. What was changed before that moment, and
 * comes again, has been told.
 * @param through takes the changes, in order
 * @param missed is told of a change that was let through although one before it never came
 */
export function createOrder<Change extends Ordered>(
  through: (change: Change) => void,
  missed: (change: Change) => void,
  clock: () => number = () => performance.now(),
): Order<Change> {
  const known = new Map<string, { change: number; at: number; since: number }>()
  const held = new Map<string, Map<number, Held<Change>>>()
  let heldCount = 0
  let settled = 0

  const pass = (change: Change) => {
    known.delete(change.key)
    known.set(change.key, { change: change.change, at: change.changedAt, since: clock() })
    if (known.size > KNOWN_MOST) known.delete(known.keys().next().value as string)
    through(change)
  }
  /** Lets through what was waiting for the change that has just been. */
  const follow = (key: string) => {
    const waiting = held.get(key)
    if (!waiting) return
    for (;;) {
      const last = known.get(key)?.change ?? 0
      for (const number of waiting.keys()) if (number <= last && waiting.delete(number)) heldCount--
      const next = waiting.get(last + 1)
      if (!next) break
      pass(next.change)
    }
    if (waiting.size === 0) held.delete(key)
  }
  const hold = (change: Change) => {
    const waiting = held.get(change.key) ?? new Map<number, Held<Change>>()
    if (waiting.has(change.change)) return
    waiting.set(change.change, { change, since: clock() })
    held.set(change.key, waiting)
    if (++heldCount > HELD_MOST) releaseAll(() => true)
  }
  const isNext = (change: Change): boolean => {
    if (known.get(change.key)?.change === change.change - 1) return true
    return change.previousAt === null || change.previousAt < settled
  }
  /** All that wait and whose turn has come, of each conversation in order, and whatever waits in vain. */
  const releaseAll = (inVain: (one: Held<Change>) => boolean) => {
    for (const [key, waiting] of held) {
      // Where changes between them were never heard here, there is more than one that nothing goes before.
      while (waiting.size > 0) {
        const first = waiting.get(Math.min(...waiting.keys())) as Held<Change>
        const next = isNext(first.change)
        if (!next && !inVain(first)) break
        if (!next) missed(first.change)
        pass(first.change)
        follow(key)
      }
    }
  }

  return {
    offer(change) {
      const last = known.get(change.key)
      if (change.changedAt < settled || (last && change.change <= last.change)) return
      if (!isNext(change)) return hold(change)
      pass(change)
      follow(change.key)
    },
    advance(until) {
      settled = until
      releaseAll(() => false)
      for (const [key, { at }] of known) if (at < until && !held.has(key)) known.delete(key)
    },
    expire(advances) {
      const now = clock()
      releaseAll((one) => now - one.since > HOLD_MS)
      if (advances) return
      // The oldest stand first.
      for (const [key, { since }] of known) {
        if (now - since < HOLD_MS) break
        known.delete(key)
      }
    },
    forget() {
      known.clear()
      held.clear()
      heldCount = 0
    },
    get settled() {
      return settled
    },
  }
}
