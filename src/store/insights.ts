import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** Whose conversations, and in which time zone days begin. */
export interface InsightsOf {
  readonly communityKey: number
  readonly creatorKey: number
  readonly timeZone: string
  /** How far back: days and weeks, the current ones with them. */
  readonly range: { readonly days: number; readonly weeks: number }
}

export interface DayRow {
  readonly today: string
  /** From when on the figures are complete, in PostgreSQL's form; null: from the range's beginning. */
  readonly since: string | null
  /** Null: nothing was written. */
  readonly day: string | null
  readonly received: number
  readonly sent: number
}

export interface WeekRow {
  readonly week: string
  readonly replies: number
  readonly medianSeconds: number
}

export interface AgeRow {
  readonly bucket: number
  readonly conversations: number
}

/** Of a creator's conversations those that were active last, and of each its newest messages: what bounds the cost. */
export const CONVERSATIONS_MOST = 5_000
export const MESSAGES_EACH = 500

// A local midnight: of the first day, or of the first week's Monday if that is earlier.
const BEGINNING = `least(
    date_trunc('day', now() at time zone $3::text) - make_interval(days => $4::integer - 1),
    date_trunc('week', now() at time zone $3::text) - make_interval(weeks => $5::integer - 1)) at time zone $3::text`

const side = (mine: 'low' | 'high') => `(
     select c.key, c.last_position, c.active_at from conversations c
     where c.community_key = $1 and c.${mine}_key = $2 and c.listed and c.active_at >= ${BEGINNING}
     order by c.active_at desc limit ${CONVERSATIONS_MOST + 1})`

// One index range for each side, newest first, and one for each conversation's end: no more than 5,000 × 500 messages are ever looked at,
// and of those only what is in the range. There is no index of messages by time: sends would pay for it.
const WRITTEN = `chosen as materialized (
     select * from (${side('low')} union all ${side('high')}) as c order by active_at desc limit ${CONVERSATIONS_MOST + 1}
   ), written as materialized (
     select c.key, m.position, m.created_at, m.sender_key = $2 as own, c.last_position - m.position + 1 = ${MESSAGES_EACH} as is_last
     from (select * from chosen limit ${CONVERSATIONS_MOST}) as c cross join lateral (
       select m.position, m.created_at, m.sender_key from messages m
       where m.community_key = $1 and m.conversation_key = c.key and m.position > c.last_position - ${MESSAGES_EACH}
         and m.created_at >= ${BEGINNING}
       offset 0
     ) as m
   )`

const valuesOf = ({ communityKey, creatorKey, timeZone, range }: InsightsOf) => [
  ...[communityKey, creatorKey, timeZone],
  ...[range.days, range.weeks],
]

const days = sql<DayRow>(
  'insights.days',
  `with ${WRITTEN}, cut as (
     select max(at) as since from (
       select active_at as at from (select active_at from chosen offset ${CONVERSATIONS_MOST} limit 1) as beyond
       union all
       select created_at from written where is_last and position > 1
     ) as cuts
   ), counted as (
     select (created_at at time zone $3::text)::date as day, count(*) filter (where not own) as received, count(*) filter (where own) as sent
     from written group by 1
   )
   select to_char(now() at time zone $3::text, 'YYYY-MM-DD') as today, cut.since, to_char(counted.day, 'YYYY-MM-DD') as day,
     coalesce(received, 0) as received, coalesce(sent, 0) as sent
   from cut left join counted on true`,
)

// A run is what one of the two wrote without the other writing in between: an answer is the first of a run after the other's. What was
// imported on top of newer messages is no answer to them.
const replies = sql<WeekRow>(
  'insights.replies',
  `with ${WRITTEN}, turned as (
     select key, position, created_at, own, own is distinct from lag(own) over thread as turns
     from written window thread as (partition by key order by position)
   ), runs as (
     select key, created_at, own, lag(created_at) over (partition by key order by position) as asked_at
     from turned where turns
   )
   select to_char(date_trunc('week', created_at at time zone $3::text), 'YYYY-MM-DD') as week, count(*) as replies,
     percentile_cont(0.5) within group (order by extract(epoch from created_at - asked_at)) as "medianSeconds"
   from runs where own and created_at >= asked_at group by 1`,
)

const ages = sql<AgeRow>(
  'insights.awaiting',
  `select width_bucket(extract(epoch from now() - c.active_at), $3::float8[]) as bucket, count(*) as conversations
   from (
     select active_at from conversations
     where community_key = $1 and low_key = $2 and listed and last_sender_key = high_key
     union all
     select active_at from conversations
     where community_key = $1 and high_key = $2 and listed and last_sender_key = low_key
   ) as c group by 1`,
)

/** Messages of each day that has any; one row without a day when there are none. */
export function messagesByDay(db: Queryable, of: InsightsOf): Promise<DayRow[]> {
  return db.query(days, valuesOf(of))
}

/** The creator's answers of each week that has any. */
export function repliesByWeek(db: Queryable, of: InsightsOf): Promise<WeekRow[]> {
  return db.query(replies, valuesOf(of))
}

/**
 * Conversations in which the other spoke last, by age. A walk along the creator's list, as the list's own filter is.
 * @param bounds where each age begins, in seconds, ascending
 * @returns for each age that has any: its place in `bounds`, from 1
 */
export function awaitingByAge(
  db: Queryable,
  { communityKey, creatorKey }: Pick<InsightsOf, 'communityKey' | 'creatorKey'>,
  bounds: readonly number[],
): Promise<AgeRow[]> {
  return db.query(ages, [communityKey, creatorKey, bounds])
}
