import { type Static, Type } from 'typebox'
import { Time } from './common.ts'

/** An IANA name, as for users. */
export const InsightsQuery = Type.Object({
  time_zone: Type.Optional(
    Type.String({
      format: 'time-zone',
      maxLength: 64,
      description: 'Of the days and weeks; UTC unless given.',
      faults: {
        label: 'Time zone',
        type: 'must be an IANA name such as Europe/Lisbon',
        format: 'must be an IANA name such as Europe/Lisbon',
        maxLength: 'must be an IANA name such as Europe/Lisbon',
      },
      examples: ['Europe/Lisbon'],
    }),
  ),
})
export type InsightsQuery = Static<typeof InsightsQuery>

const Day = (description: string) => Type.String({ format: 'date', description, examples: ['2026-11-23'] })
const Count = Type.Integer({ examples: [12] })

/** How a creator's conversations go: of those that are on the list, and not with a previous creator, whose they are. */
export const Insights = Type.Object({
  since: Type.Unsafe<string>({
    ...Time,
    description:
      'From when on the days and weeks are complete: later than their beginning only when `complete` is false.',
  }),
  complete: Type.Boolean({
    description:
      'False: there is so much that only the conversations that were active last, and their newest messages, have been looked at.',
    examples: [true],
  }),
  messages_by_day: Type.Array(Type.Object({ day: Day('In the time zone.'), received: Count, sent: Count }), {
    description: 'The last 90 days, today with them, the oldest first.',
  }),
  reply_times_by_week: Type.Array(
    Type.Object({
      week: Day('Its Monday.'),
      replies: Count,
      median_seconds: Type.Unsafe<number | null>({ type: ['integer', 'null'], examples: [1800] }),
    }),
    {
      description:
        'The last 13 weeks. From the first message of a member that had no answer yet to the answer; in the week of the answer.',
    },
  ),
  awaiting_reply_by_age: Type.Array(
    Type.Object({
      from_seconds: Type.Integer({ examples: [0] }),
      to_seconds: Type.Unsafe<number | null>({ type: ['integer', 'null'], examples: [3600] }),
      conversations: Count,
    }),
    {
      description:
        'Conversations in which the member spoke last, by how long ago: of the 100,000 that were active last.',
    },
  ),
})
export type Insights = Static<typeof Insights>
