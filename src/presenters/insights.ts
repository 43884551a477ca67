import type { Insights } from '../../contract/insights.ts'
import { AGES, RANGE } from '../domain/insights.ts'
import type { AgeRow, DayRow, WeekRow } from '../store/insights.ts'
import { wireTime } from './times.ts'

const DAY_MS = 86_400_000
const { days: DAYS, weeks: WEEKS } = RANGE

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10)

/** The figures as the wire has them: days and weeks without any are there as well. */
export function presentInsights(
  days: readonly DayRow[],
  weeks: readonly WeekRow[],
  ages: readonly AgeRow[],
): Insights {
  const { today, since } = days[0] as DayRow
  const now = Date.parse(today)
  const byDay = new Map(days.map((row) => [row.day, row]))
  const byWeek = new Map(weeks.map((row) => [row.week, row]))
  const byAge = new Map(ages.map((row) => [row.bucket, row.conversations]))
  const first = now - (DAYS - 1) * DAY_MS
  const monday = now - ((new Date(now).getUTCDay() + 6) % 7) * DAY_MS
  const beginning = Math.min(first, monday - (WEEKS - 1) * 7 * DAY_MS)
  return {
    since: since === null ? `${dayOf(beginning)}T00:00:00Z` : wireTime(since),
    complete: since === null,
    messages_by_day: Array.from({ length: DAYS }, (_, i) => {
      const day = dayOf(first + i * DAY_MS)
      return { day, received: byDay.get(day)?.received ?? 0, sent: byDay.get(day)?.sent ?? 0 }
    }),
    reply_times_by_week: Array.from({ length: WEEKS }, (_, i) => {
      const week = dayOf(monday - (WEEKS - 1 - i) * 7 * DAY_MS)
      const found = byWeek.get(week)
      return {
        week,
        replies: found?.replies ?? 0,
        median_seconds: found === undefined ? null : Math.round(found.medianSeconds),
      }
    }),
    awaiting_reply_by_age: AGES.map((from, i) => ({
      from_seconds: from,
      to_seconds: AGES[i + 1] ?? null,
      conversations: byAge.get(i + 1) ?? 0,
    })),
  }
}
