import { lowestId } from '../actions/message-ids.ts'
import type { Db } from '../store/db.ts'
import { sweepNotifications } from '../store/notification-records.ts'
import { createLoop, type Loop } from './loop.ts'

const EVERY_MS = 3_600_000
const AT_ONCE = 1_000
const REST_MS = 100
/** How long it is kept what became of notifications. */
const KEPT_MS = 30 * 86_400_000

/** Removes what became of notifications after 30 days, a little at a time. Every worker may run it. */
export function startSweep(db: Db, log: (line: string) => void): Loop {
  return createLoop({
    name: 'the sweep of notifications',
    everyMs: EVERY_MS,
    log,
    async round() {
      const swept = await sweepNotifications(db, lowestId(Date.now() - KEPT_MS), AT_ONCE)
      return { again: swept === AT_ONCE, restMs: swept === AT_ONCE ? REST_MS : 0 }
    },
  })
}
