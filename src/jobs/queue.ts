import { queueNotifications } from '../actions/queue-notifications.ts'
import type { Db } from '../store/db.ts'
import { takeBatches } from '../store/outbox.ts'
import { createLoop, type Loop } from './loop.ts'
import type { Pace } from './pace.ts'

const EVERY_MS = 1_000
const AT_ONCE = 1_000

/**
 * Makes notifications of what the relay has kept, in bulk, in the transaction that takes it away: nothing is lost when a server dies at any point, and
 * nothing comes twice.
 * @param told is called when there may be new notifications
 */
export function startQueue(deps: {
  readonly db: Db
  readonly emailDelaySeconds: number
  readonly pace: Pace
  readonly log: (line: string) => void
  readonly told: () => void
}): Loop {
  const { db, emailDelaySeconds, pace, log, told } = deps
  return createLoop({
    name: 'the queue of notifications',
    everyMs: EVERY_MS,
    log,
    async round() {
      const began = performance.now()
      const taken = await db.transaction(async (tx) => {
        const rows = await takeBatches(tx, AT_ONCE)
        if (rows.length > 0) await queueNotifications(tx, rows, emailDelaySeconds)
        return rows.length > 0
      })
      if (taken) told()
      return { again: taken, restMs: pace.restAfter(performance.now() - began) }
    },
  })
}
