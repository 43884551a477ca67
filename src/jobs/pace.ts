/**
 * How background work makes way for requests. They share a processor and a database: while sends have to wait for each other, relay
 * and workers keep to a share of the time, and what they leave waits in the tables until the rush is over. (Measured: `sends` in
 * bench/RESULTS.md, with notifications on.)
 */
export interface Pace {
  /** Tells of a batch of sends that is written. @param size how many were gathered in it */
  observe(size: number): void
  /** How long to rest after work that took so many milliseconds. 0 unless there is a rush. */
  restAfter(workedMs: number): number
}

// Batches gather this many when sends come faster than one at a time can be written.
const RUSH_BATCH = 6
// A rush is over when none has been written for so long.
const RUSH_LASTS_MS = 100
const SHARE_IN_RUSH = 0.04
// Never longer, so that a rush without end holds nothing up for good.
const REST_MOST_MS = 3_000

export function createPace(clock: () => number = () => performance.now()): Pace {
  let average = 0
  let lastAt = Number.NEGATIVE_INFINITY
  return {
    observe(size) {
      average += (size - average) / 8
      lastAt = clock()
    },
    restAfter(workedMs) {
      const rush = average >= RUSH_BATCH && clock() - lastAt < RUSH_LASTS_MS
      return rush ? Math.min(workedMs * (1 / SHARE_IN_RUSH - 1), REST_MOST_MS) : 0
    },
  }
}
