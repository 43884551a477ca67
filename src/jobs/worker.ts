import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../store/db.ts'
import type { Settlement } from '../store/notifications.ts'
import { createLane, type LaneOptions } from './lane.ts'
import { holdLease } from './lease.ts'
import type { Loop } from './loop.ts'
import type { Pace } from './pace.ts'
import { createSettle } from './settle.ts'

// Longer than a service that works takes, and all of it shorter than what orchestrators give (10 s).
const STOP_WITHIN_MS = 4_000
const RECORD_WITHIN_MS = 2_000

/**
 * Sends notifications, each channel by itself: a mail server that hangs holds up no push. Any number of workers may run, in servers
 * and apart from them.
 */
export function startWorker(deps: {
  readonly db: Db
  readonly pace: Pace
  readonly log: (line: string) => void
  readonly recorded: (settlements: readonly Settlement[]) => void
  readonly lanes: readonly LaneOptions[]
  /** Ends what is under way with the services. */
  readonly closeServices: () => Promise<unknown>
}): Loop {
  const { db, pace, log, recorded } = deps
  const stopping = new AbortController()
  let known: number | null = null
  const settle = createSettle(db, stopping.signal, recorded)
  const lease = holdLease({
    db,
    log,
    changed(key) {
      for (const lane of lanes) lane.drop(key)
      if (key !== known) wake()
      known = key
    },
  })
  const lanes = deps.lanes.map((options) => createLane({ db, lease, settle, pace, log }, options))
  const wake = () => {
    for (const lane of lanes) lane.wake()
  }
  return {
    wake,
    /**
     * What is being sent is finished and recorded; what was only claimed is given back. Services that hang are closed, so that what
     * came of the last of it is known before the lease is given back.
     */
    async stop() {
      const ended = Promise.all(lanes.map((lane) => lane.stop()))
      await Promise.race([ended, sleep(STOP_WITHIN_MS, undefined, { ref: false })])
      await deps.closeServices()
      stopping.abort()
      await Promise.race([ended, sleep(RECORD_WITHIN_MS, undefined, { ref: false })])
      await lease.stop()
    },
  }
}
