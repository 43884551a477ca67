const FIRST_MS = 5_000
const MOST_MS = 30 * 60_000
const GIVE_UP_AFTER_MS = 24 * 3_600_000

/**
 * How long to wait before the next attempt: 5 s, doubled each time to half an hour, and never sooner than the service asked.
 * A tenth is left to chance, so that what failed together does not come back together.
 * @param attempts made so far, from 1
 * @param asked milliseconds, as the service asked for; null: it did not
 * @param chance 0 to 1
 * @returns milliseconds
 */
export function waitBeforeRetry(attempts: number, asked: number | null, chance: number): number {
  const grown = Math.min(FIRST_MS * 2 ** Math.min(attempts - 1, 20), MOST_MS)
  return Math.max(asked ?? 0, Math.round(grown * (1 + chance / 10)))
}

/** Whether a notification has been tried for a day, after which it is kept as failed. Both in epoch milliseconds. */
export function isGivenUp(firstTriedAt: number, now: number): boolean {
  return now - firstTriedAt >= GIVE_UP_AFTER_MS
}
