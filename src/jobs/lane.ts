import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel } from '../domain/delivery.ts'
import type { Db } from '../store/db.ts'
import { StoreUnavailable } from '../store/errors.ts'
import {
  claimNotifications,
  claimOthers,
  type LeasedNotification,
  type Settlement,
} from '../store/notifications.ts'
import type { Lease } from './lease.ts'
import { createLoop, type Loop } from './loop.ts'
import type { Pace } from './pace.ts'
import type { Settle } from './settle.ts'

/** How one channel's notifications are sent. */
export interface LaneOptions {
  readonly channel: Channel
  /** How many are worked on at once: those that are under way, and those whose facts are read meanwhile. */
  concurrency(): number
  /**
   * Sends what goes out together, and tells what came of each. Of what is not told nothing is known: it stays on lease.
   * @param mayBegin asked just before the service is
   */
  deliver(job: readonly LeasedNotification[], mayBegin: () => boolean): Promise<readonly Settlement[]>
  /** What is told of one that could not even be made. */
  failed(leased: LeasedNotification, error: Error): Settlement
  /** Milliseconds for which its only service is not to be asked; 0: it may be. */
  pausedMs?(): number
}

/** One that was claimed; what goes out together with it follows. */
type Job = { readonly workerKey: number; readonly leased: LeasedNotification }

const EVERY_MS = 1_000
// What is on lease ahead of the sending: a moment's work of a fast service, and little to wait for when the worker dies.
const CLAIM = 200
const DATABASE_AWAY_MS = 1_000
// What is sent and whose record is under way. The journal has it; after a crash of the whole machine these may come twice.
const UNRECORDED_MOST = 100

interface LaneDeps {
  readonly db: Db
  readonly lease: Lease
  readonly settle: Settle
  readonly pace: Pace
  readonly log: (line: string) => void
}

/** Claims a channel's notifications as they become due, and has them sent, a number at a time. */
export function createLane(deps: LaneDeps, options: LaneOptions): Loop & { drop(workerKey: number): void } {
  const { db, lease, pace, log } = deps
  const { channel, concurrency } = options
  const sender = createSender(deps, options)
  let queue: Job[] = []
  let stopped = false
  const running = new Set<Promise<void>>()
  const pausedMs = () => options.pausedMs?.() ?? 0

  const pump = () => {
    while (!stopped && running.size < concurrency() && pausedMs() === 0) {
      const job = queue[0]
      if (job === undefined || lease.key() !== job.workerKey) return
      queue.shift()
      const work = sender.run(job).finally(() => {
        running.delete(work)
        pump()
        if (queue.length < concurrency()) loop.wake()
      })
      running.add(work)
    }
  }
  const loop = createLoop({
    name: `notifications by ${channel}`,
    everyMs: EVERY_MS,
    log,
    async round() {
      pump()
      const workerKey = lease.key()
      if (workerKey === null || queue.length >= concurrency() || pausedMs() > 0)
        return { again: false, restMs: 0 }
      const began = performance.now()
      try {
        const claimed = await claimNotifications(db, channel, workerKey, CLAIM)
        queue.push(...claimed.sort(byAge).map((leased) => ({ workerKey, leased })))
      } catch (error) {
        // It may have been done all the same, and then nobody knows of it.
        lease.renounce()
        throw error
      }
      pump()
      return { again: false, restMs: pace.restAfter(performance.now() - began) }
    },
  })
  return {
    wake: loop.wake,
    /** Forgets what was claimed under other keys than this one: it is others' now. */
    drop(workerKey) {
      queue = queue.filter((job) => job.workerKey === workerKey)
      pump()
    },
    async stop() {
      stopped = true
      await loop.stop()
      await Promise.all(running)
      await sender.end()
    },
  }
}

// Ids have the order of time.
const byAge = (a: LeasedNotification, b: LeasedNotification) => (a.messageId < b.messageId ? -1 : 1)

/** Sends one job after its others have been claimed, and has what came of it recorded. Never rejects. */
function createSender({ db, lease, settle, pace, log }: LaneDeps, options: LaneOptions) {
  const { channel } = options
  const recordings = new Set<Promise<void>>()
  let ending = false

  const record = async (job: Job, settlements: readonly Settlement[]) => {
    try {
      await settle(job.workerKey, settlements)
    } catch (error) {
      log(`notifications: what came of one by ${channel} could not be recorded: ${(error as Error).message}`)
      lease.renounce()
    }
  }
  const recordLater = async (job: Job, settlements: readonly Settlement[]) => {
    const recording = record(job, settlements).finally(() => recordings.delete(recording))
    recordings.add(recording)
    if (recordings.size > UNRECORDED_MOST) await Promise.race(recordings)
  }
  const send = async (job: Job) => {
    let together: readonly LeasedNotification[] = [job.leased]
    try {
      together = await claimOthers(db, job.workerKey, job.leased)
      const settlements = await options.deliver(together, () => lease.key() === job.workerKey)
      await recordLater(job, settlements)
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        // Nothing was sent: it is the facts that could not be read. What was claimed is claimed again under another lease.
        lease.renounce()
        await sleep(DATABASE_AWAY_MS, undefined, { ref: false })
        return
      }
      log(`notifications: one by ${channel} could not be made: ${(error as Error).stack}`)
      const failed = together.map((leased) => options.failed(leased, error as Error))
      await recordLater(job, failed)
    }
  }
  return {
    async run(job: Job): Promise<void> {
      const began = performance.now()
      await send(job)
      const rest = pace.restAfter(performance.now() - began)
      if (rest > 0 && !ending) await sleep(rest, undefined, { ref: false })
    },
    async end(): Promise<void> {
      ending = true
      await Promise.all(recordings)
    },
  }
}
