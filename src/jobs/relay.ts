import type { Db, Queryable } from '../store/db.ts'
import { keepBatch, type OutboxRow, takeFromOutbox } from '../store/outbox.ts'
import { createLoop, type Loop } from './loop.ts'
import type { Pace } from './pace.ts'

/**
 * Tells the servers of changes, within the transaction that takes them off the outbox. @returns what to do when it has been committed,
 * if there is anything
 */
export type Publish = (tx: Queryable, rows: readonly OutboxRow[]) => Promise<(() => void) | undefined>

const EVERY_MS = 1_000
const AT_ONCE = 1_000
// Of what comes in a rush more goes in one transaction, and streams elsewhere hear of it this much later at the most.
const GATHER_MS = 10
// The same while sends are gathered, when each round takes time from them.
const REST_MOST_MS = 40

/**
 * Takes what transactions left in the outbox, in bulk, and in the transaction that takes it away tells the other servers and keeps what
 * is to become notifications: nothing is lost when a server dies at any point. Streams do not wait for notifications, which make way
 * for requests in a rush: they have a loop of their own (jobs/queue.ts).
 * @param kept is called when there may be new notifications
 */
export function startRelay(deps: {
  readonly db: Db
  readonly publish: Publish
  readonly pace: Pace
  readonly log: (line: string) => void
  readonly kept: () => void
}): Loop {
  const { db, publish, pace, log, kept } = deps
  return createLoop({
    name: 'the outbox',
    everyMs: EVERY_MS,
    gatherMs: GATHER_MS,
    log,
    async round() {
      const began = performance.now()
      let committed: (() => void) | undefined
      const taken = await db.transaction(async (tx) => {
        const rows = await takeFromOutbox(tx, AT_ONCE)
        if (rows.length === 0) return 0
        await keepBatch(tx, rows)
        committed = await publish(tx, rows)
        return rows.length
      })
      committed?.()
      if (taken > 0) kept()
      const restMs = taken === AT_ONCE ? 0 : Math.min(pace.restAfter(performance.now() - began), REST_MOST_MS)
      return { again: taken === AT_ONCE, restMs }
    },
  })
}
