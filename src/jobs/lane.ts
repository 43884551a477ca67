import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel } from '../domain/delivery.ts'
import { waitBeforeRetry } from '../domain/retry.ts'
import type { Db } from '../store/db.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { claimNotifications, type LeasedNotification, type Settlement } from '../store/notifications.ts'
import type { Lease } from './lease.ts'
import { createLoop, type Loop } from './loop.ts'
import type { Pace } from './pace.ts'
import type { Settle } from './settle.ts'
import { createSlots } from './slots.ts'

/** How one channel's notifications are sent. */
export interface LaneOptions {
  readonly channel: Channel
  /** How many exchanges with its services at once, at the most. */
  readonly concurrency: number
  /** Sends what goes out together, and tells what came of each. */
  deliver(job: readonly LeasedNotification[]): Promise<readonly Settlement[]>
  /** Milliseconds for which its only service is not to be asked; 0: it may be. */
  pausedMs?(): number
}

type Job = { readonly workerKey: number; readonly leased: readonly LeasedNotification[] }

const EVERY_MS = 1_000
// What is on lease ahead of the sending: a moment's work of a fast service, and little to wait for when the worker dies.
const CLAIM = 200
const DATABASE_AWAY_MS = 1_000
// What is sent and whose record is under way. The journal has it; after a crash of the whole machine these may come twice.
const UNRECORDED_MOST = 100

/** Claims a channel's notifications as they become due, and has `concurrency` of them sent at a time. */
export function createLane(
  deps: { db: Db; lease: Lease; settle: Settle; pace: Pace; log: (line: string) => void },
  options: LaneOptions,
): Loop & { drop(workerKey: number): void } {
  const { db, lease, settle, pace, log } = deps
  const { channel, concurrency } = options
  const slots = createSlots(concurrency)
  let queue: Job[] = []
  let stopped = false
  const running = new Set<Promise<void>>()
  const pausedMs = () => options.pausedMs?.() ?? 0

  const recordings = new Set<Promise<void>>()
  const record = async (job: Job, settlements: readonly Settlement[]) => {
    try {
      await settle(job.workerKey, settlements)
    } catch (error) {
      // It stays on lease until the worker ends: better late than again and again.
      log(`notifications: what came of one by ${channel} could not be recorded: ${(error as Error).message}`)
    }
  }
  const run = async (job: Job) => {
    const began = performance.now()
    try {
      const settlements = await options.deliver(job.leased)
      const recording = record(job, settlements).finally(() => recordings.delete(recording))
      recordings.add(recording)
      if (recordings.size > UNRECORDED_MOST) await Promise.race(recordings)
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        // Nothing was sent: the facts could not be read. The lease decides whether it is still ours when they can be.
        await sleep(DATABASE_AWAY_MS, undefined, { ref: false })
        queue.unshift(job)
        return
      }
      log(`notifications: one by ${channel} could not be made: ${(error as Error).stack}`)
      await record(
        job,
        job.leased.map((leased) => failed(leased, error as Error)),
      )
    }
    const rest = pace.restAfter(performance.now() - began)
    if (rest > 0 && !stopped) await sleep(rest, undefined, { ref: false })
  }
  const pump = () => {
    while (
      !stopped &&
      running.size < concurrency &&
      queue.length > 0 &&
      lease.key() !== null &&
      pausedMs() === 0
    ) {
      const work = run(queue.shift() as Job).finally(() => {
        slots.done(queue.length > 0 && running.size >= slots.limit())
        running.delete(work)
        pump()
        if (queue.length < concurrency) loop.wake()
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
      if (workerKey === null || queue.length >= concurrency || pausedMs() > 0)
        return { again: false, restMs: 0 }
      const began = performance.now()
      const leased = await claimNotifications(db, channel, workerKey, CLAIM)
      for (const together of jobsOf(leased)) queue.push({ workerKey, leased: together })
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
      await Promise.all(recordings)
    },
  }
}

function failed(leased: LeasedNotification, error: Error): Settlement {
  const { messageId, channel, gather, attempts } = leased
  const dueAt = Date.now() + waitBeforeRetry(attempts + 1, null, Math.random())
  const again = { state: 'waiting', reason: 'retry', gather, dueAt } as const
  return { messageId, channel, ...again, tried: true, error: `Snug: ${error.name}`, devices: null }
}

/** What has to go out together, as one job; the oldest messages first, which their ids tell. */
function jobsOf(leased: readonly LeasedNotification[]): LeasedNotification[][] {
  const jobs = new Map<string, LeasedNotification[]>()
  for (const one of leased.toSorted((a, b) => (a.messageId < b.messageId ? -1 : 1))) {
    const { gather, messageId, recipientKey, communityKey, lowKey, highKey } = one
    const key =
      gather === 'none'
        ? messageId
        : gather === 'recipient'
          ? `${recipientKey}`
          : `${recipientKey} ${communityKey} ${lowKey} ${highKey}`
    const job = jobs.get(key)
    if (job) job.push(one)
    else jobs.set(key, [one])
  }
  return [...jobs.values()]
}
