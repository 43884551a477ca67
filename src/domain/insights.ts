/** How many days and weeks insights tell of, the current ones with them. */
const DAYS = 90
const WEEKS = 13

const HOUR_S = 3_600
const DAY_S = 24 * HOUR_S

/** Where each age of an unanswered conversation begins, in seconds. */
export const AGES: readonly number[] = [0, HOUR_S, DAY_S, 3 * DAY_S, 7 * DAY_S, 30 * DAY_S]

/** A day or a week of a time zone: its (first) date, and the moment at which it begins, in ISO 8601. */
export interface Period {
  readonly date: string
  readonly from: string
}

export interface Periods {
  readonly days: readonly Period[]
  /** From Monday. */
  readonly weeks: readonly Period[]
  /** When the earliest of them begins. */
  readonly from: string
}

/**
 * The days and weeks up to a moment, the oldest first, by the clock of a time zone and over changes of summer time.
 * @param now epoch milliseconds
 * @param timeZone a name that Intl knows
 */
export function periodsUntil(now: number, timeZone: string): Periods {
  // Intl takes old names (IST, US/Pacific) that Temporal does not, and PostgreSQL reads otherwise or not at all.
  const zone = new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate()
  const period = (daysAgo: number): Period => {
    const date = today.subtract({ days: daysAgo })
    return { date: date.toString(), from: date.toZonedDateTime(zone).toInstant().toString() }
  }
  const sinceMonday = today.dayOfWeek - 1
  const days = Array.from({ length: DAYS }, (_, i) => period(DAYS - 1 - i))
  const weeks = Array.from({ length: WEEKS }, (_, i) => period(sinceMonday + 7 * (WEEKS - 1 - i)))
  const begin = Math.max(DAYS - 1, sinceMonday + 7 * (WEEKS - 1))
  return { days, weeks, from: period(begin).from }
}
