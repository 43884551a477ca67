import type { Insights } from '../../contract/insights.ts'
import { AGES, type Periods } from '../domain/insights.ts'
import type { Awaiting, MessageFigures, WeekRow } from '../store/insights.ts'
import { wireTime } from './times.ts'

/** The figures as the wire has them: days, weeks and ages without any are there as well. */
export function presentInsights(
  periods: Periods,
  messages: MessageFigures,
  replies: readonly WeekRow[],
  awaiting: Awaiting,
): Insights {
  const byDay = new Map(messages.days.map((row) => [row.period, row]))
  const byWeek = new Map(replies.map((row) => [row.period, row]))
  const byAge = new Map(awaiting.ages.map((row) => [row.age, row.conversations]))
  return {
    since: wireTime(messages.since ?? periods.from),
    complete: messages.since === null && !awaiting.more,
    messages_by_day: periods.days.map(({ date: day }, i) => {
      const { received = 0, sent = 0 } = byDay.get(i + 1) ?? {}
      return { day, received, sent }
    }),
    reply_times_by_week: periods.weeks.map(({ date: week }, i) => {
      const found = byWeek.get(i + 1)
      const median_seconds = found ? Math.round(found.medianSeconds) : null
      return { week, replies: found?.replies ?? 0, median_seconds }
    }),
    awaiting_reply_by_age: AGES.map((from, i) => ({
      from_seconds: from,
      to_seconds: AGES[i + 1] ?? null,
      conversations: byAge.get(i + 1) ?? 0,
    })),
  }
}
