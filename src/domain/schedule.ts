import { readQuietHours } from './quiet-hours.ts'

const DAILY_HOUR = 8

/**
 * The first 08:00 after a moment, by the clock of a time zone, over changes of summer time as well.
 * @param after epoch milliseconds
 * @param timeZone an IANA name; null: UTC
 * @returns epoch milliseconds
 */
export function nextDaily(after: number, timeZone: string | null): number {
  const local = localTime(after, timeZone)
  const today = local.withPlainTime({ hour: DAILY_HOUR })
  const next =
    today.epochMilliseconds > after ? today : local.add({ days: 1 }).withPlainTime({ hour: DAILY_HOUR })
  return next.epochMilliseconds
}

/**
 * When quiet hours end that a moment lies in; null outside of them. `22:00-07:00` goes over midnight, and its end is not quiet.
 * @param now epoch milliseconds
 * @param hours as the setting has it (CONTRACT §5); '' or anything that is not such hours is never quiet
 */
export function quietUntil(now: number, hours: string, timeZone: string | null): number | null {
  const read = readQuietHours(hours)
  if (!read) return null
  const { from, to } = read
  const local = localTime(now, timeZone)
  const minute = local.hour * 60 + local.minute
  const quiet = from < to ? minute >= from && minute < to : minute >= from || minute < to
  if (!quiet) return null
  const end = { hour: Math.floor(to / 60), minute: to % 60 }
  const day = minute < to ? local : local.add({ days: 1 })
  const until = day.withPlainTime(end).epochMilliseconds
  // An hour that comes twice (the end of summer time) can put the wall clock's end before now: it is reached.
  return until > now ? until : null
}

function localTime(at: number, timeZone: string | null): Temporal.ZonedDateTime {
  const instant = Temporal.Instant.fromEpochMilliseconds(Math.floor(at))
  try {
    return instant.toZonedDateTimeISO(timeZone ?? 'UTC')
  } catch {
    // Known to the server that took it, not to this one's tables of time zones: told a little off is better than never.
    return instant.toZonedDateTimeISO('UTC')
  }
}
