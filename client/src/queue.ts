import { noAnswer, SnugError } from './errors.ts'
import { backoff, type Timing } from './timing.ts'

/** Fetches, and returns what puts the answer in place. */
export type Job = (signal: AbortSignal) => Promise<() => void>

export interface QueueDeps {
  readonly timing: Timing
  /** Called when the work begins, after each job and when all are done. */
  readonly changed: () => void
  /** A job was refused for good. */
  readonly refused: () => void
}

const SOON_MS = 300
const AGAIN_MS = 2_000
const AGAIN_MAX_MS = 30_000

/** Jobs one at a time, so that answers come in the order of the asking. What fails for now is done again later. */
export function createQueue({ timing, changed, refused }: QueueDeps) {
  const control = new AbortController()
  const { signal } = control
  const wanted = new Set<Job>()
  const delayed = new Map<Job, unknown>()
  const asleep = new Set<Job>()
  let working = false
  let tries = 0
  let error: SnugError | null = null

  const cancel = (job: Job) => {
    timing.timers.clearTimeout(delayed.get(job))
    delayed.delete(job)
  }
  const want = (job: Job) => {
    cancel(job)
    asleep.delete(job)
    wanted.add(job)
    if (!working && !signal.aborted) void work()
  }
  const later = (job: Job, milliseconds: number) => {
    if (signal.aborted || delayed.has(job) || wanted.has(job)) return
    delayed.set(
      job,
      timing.timers.setTimeout(() => want(job), milliseconds),
    )
  }
  async function work(): Promise<void> {
    working = true
    changed()
    for (const job of wanted) {
      wanted.delete(job)
      try {
        const place = await job(signal)
        if (signal.aborted) return
        error = null
        tries = 0
        place()
      } catch (cause) {
        if (signal.aborted) return
        error = cause instanceof SnugError ? cause : noAnswer(cause, String(cause))
        const { status } = error
        if (status > 400 && status < 500 && status !== 429) {
          // It may be another answer when the stream comes back: of a membership or a session that has been renewed.
          asleep.add(job)
          refused()
        } else later(job, backoff(timing, tries++, AGAIN_MS, AGAIN_MAX_MS))
      }
      changed()
    }
    working = false
    changed()
  }
  return {
    /** Has a job done when those before it are. One that waits already is not done twice. */
    want,
    /** The same a moment later, so that many events ask once. */
    soon: (job: Job) => later(job, SOON_MS),
    /** What waits for a better time has one now. */
    now: () => [...delayed.keys(), ...asleep].forEach(want),
    working: () => working,
    idle: () => signal.aborted || (!working && delayed.size === 0),
    error: () => error,
    close() {
      control.abort()
      ;[...delayed.keys()].forEach(cancel)
    },
  }
}

export type Queue = ReturnType<typeof createQueue>
