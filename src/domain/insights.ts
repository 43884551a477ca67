/** How far back insights look: days, today with them, and weeks, this one with them. */
export const RANGE = { days: 90, weeks: 13 } as const

const HOUR_S = 3_600
const DAY_S = 24 * HOUR_S

/** Where each age of an unanswered conversation begins, in seconds. */
export const AGES: readonly number[] = [0, HOUR_S, DAY_S, 3 * DAY_S, 7 * DAY_S, 30 * DAY_S]
