import { StoreUnavailable } from '../store/errors.ts'

export interface Gathered<Asked, Answer> {
  /** @throws {StoreUnavailable} when too many wait already, and nothing was begun, or when there is no answer in time. */
  ask(asked: Asked): Promise<Answer>
  /** How many wait for the next batch. */
  readonly waiting: number
}

export interface Settler<Asked, Answer> {
  readonly asked: Asked
  answer(answer: Answer): void
  fail(error: unknown): void
}

// Below the 5 s within which a 503 is promised (CONTRACT §1), however many batches that the database does not answer come before.
const ANSWER_WITHIN_MS = 4_700

/**
 * Gathers what is asked while one batch is worked on into the next batch. An idle server adds no wait; a busy one pays one
 * round trip, and for writes one commit, for many. `work` settles every one of its batch; whatever it throws fails those left.
 * @param limits `size`: the largest batch; `inFlight`: how many batches at once; `waiting`: how many may wait at the most;
 * `withinMs`: how long one waits for its answer
 */
export function gather<Asked, Answer>(
  limits: { size: number; inFlight: number; waiting: number; withinMs?: number },
  work: (batch: readonly Settler<Asked, Answer>[]) => Promise<void>,
): Gathered<Asked, Answer> {
  let queue: Settler<Asked, Answer>[] = []
  let running = 0
  let scheduled = false

  const start = async () => {
    const batch = queue.slice(0, limits.size)
    queue = queue.slice(limits.size)
    running++
    try {
      await work(batch)
    } catch (error) {
      for (const one of batch) one.fail(error)
    }
    running--
    schedule()
  }

  // At the end of the turn, so that requests that were read off their sockets in one turn go together.
  const schedule = () => {
    if (scheduled || queue.length === 0 || running >= limits.inFlight) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      if (queue.length > 0 && running < limits.inFlight) void start()
      // What did not fit into that batch is the next at once, when there may be one.
      schedule()
    })
  }

  return {
    ask(asked) {
      if (queue.length >= limits.waiting)
        return Promise.reject(new StoreUnavailable('too many requests wait for the database'))
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          // Whoever still waits is not begun any more.
          const place = queue.indexOf(settler)
          if (place >= 0) queue.splice(place, 1)
          reject(new StoreUnavailable('the database did not answer in time'))
        }, limits.withinMs ?? ANSWER_WITHIN_MS)
        const settler: Settler<Asked, Answer> = {
          asked,
          answer(answer) {
            clearTimeout(late)
            resolve(answer)
          },
          fail(error) {
            clearTimeout(late)
            reject(error)
          },
        }
        queue.push(settler)
        schedule()
      })
    },
    get waiting() {
      return queue.length
    },
  }
}
