import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** Whose conversations. */
export interface InsightsOf {
  readonly communityKey: number
  readonly creatorKey: number
}

/** Of which time: moments in ISO 8601. */
export interface InsightsTime {
  /** Where each period begins, ascending; the last one has no end. */
  readonly periods: readonly string[]
  /** What was active last before this is not looked at. Never later than the first period. */
  readonly from: string
}

interface DayRow {
  /** From 1. */
  readonly period: number
  readonly received: number
  readonly sent: number
}

export interface MessageFigures {
  /** From when on everything has been looked at, in PostgreSQL's form; null: from `from`. */
  readonly since: string | null
  /** Of each period that has any. */
  readonly days: readonly DayRow[]
}

export interface WeekRow {
  /** From 1. */
  readonly period: number
  readonly replies: number
  readonly medianSeconds: number
}

export interface Awaiting {
  /** There are more conversations than have been looked at. */
  readonly more: boolean
  /** Of each age that has any; the ages count from 1. */
  readonly ages: readonly { readonly age: number; readonly conversations: number }[]
}

// What bounds the cost, whatever a creator has: the conversations that were active last, of each its newest messages, and the sum of
// those. Messages that were written in the order of time lie far apart, so each is a page to read: 10 µs from the system's cache, 100 µs
// from a disk, and a statement has 3 s. 5,000 × 500 of them, with no sum, ran into that.
const CONVERSATIONS_MOST = 2_000
const MESSAGES_EACH = 500
const MESSAGES_MOST = 20_000
const AWAITING_MOST = 100_000

// A conversation with a previous creator is that one's: the creator of now was a member in it.
const side = (mine: 'low' | 'high', where: string, most: number) => {
  const other = mine === 'low' ? 'high' : 'low'
  return `(
     select c.key, c.last_position, c.active_at, c.last_sender_key = c.${other}_key as waits from conversations c
     where c.community_key = $1 and c.${mine}_key = $2 and c.listed ${where}
       and c.${other}_key <> all ((select past_creator_keys from communities where key = $1)::bigint[])
     order by c.active_at desc, c.key desc limit ${most + 1})`
}
const newest = (where: string, most: number) => `
     ${side('low', where, most)} union all ${side('high', where, most)} order by active_at desc, key desc limit ${most + 1}`

// Measured on 2 cores that were busy otherwise, PostgreSQL 18 with 128 MB of its own cache, 5 million messages written in the order of time, two
// creators with 100,000 conversations each, one of them with 5,000 of 600 messages: days 180 to 320 ms, replies 210 to 340 ms, awaiting 310 to
// 560 ms.
//
// One index range for each side of the pairs, newest first, and one for each conversation's end. There is no index of messages by
// time: sends would pay for it.
const WALK = `chosen as materialized (
     select c.key, c.last_position, c.active_at, row_number() over recent <= ${CONVERSATIONS_MOST}
       and sum(least(c.last_position, ${MESSAGES_EACH})) over recent <= ${MESSAGES_MOST} as within
     from (${newest('and c.active_at >= $4::timestamptz', CONVERSATIONS_MOST)}) as c
     window recent as (order by c.active_at desc, c.key desc)
   ), walked as materialized (
     select c.key, m.position, m.created_at, m.sender_key = $2 as own,
       m.position > 1 and m.position = c.last_position - ${MESSAGES_EACH - 1} as cut
     from chosen c cross join lateral (
       select m.position, m.created_at, m.sender_key from messages m
       where m.community_key = $1 and m.conversation_key = c.key and m.position > c.last_position - ${MESSAGES_EACH}
       offset 0
     ) as m
     where c.within
   )`

// Whatever is cut off is complete only after the newest of what may be missing, in whole seconds.
const days = sql<Omit<DayRow, 'period'> & { since: string | null; period: number | null }>(
  'insights.days',
  `with ${WALK}, cut as (
     select date_trunc('second', max(at)) + interval '1 second' as since from (
       select active_at as at from chosen where not within
       union all
       select created_at from walked where cut and created_at >= $4::timestamptz
     ) as missing
   ), counted as (
     select width_bucket(created_at, $3::timestamptz[]) as period, count(*) filter (where not own) as received,
       count(*) filter (where own) as sent
     from walked group by 1
   )
   select cut.since, counted.period, counted.received, counted.sent from cut left join counted on counted.period > 0`,
)

// A run is what one of the two wrote without the other writing in between: a reply is the first of a run of the creator's, and its
// time runs from the first of the run before. Where that is cut off, nobody knows when it began, and it is left out. Imported messages
// may be in any order of times.
const replies = sql<WeekRow>(
  'insights.replies',
  `with ${WALK}, turned as (
     select key, position, created_at, own, own is distinct from lag(own) over thread as turns,
       position = 1 or lag(own) over thread is not null as begins
     from walked window thread as (partition by key order by position)
   ), runs as (
     select created_at, own, lag(created_at) over thread as asked_at, lag(begins) over thread as begins
     from turned where turns window thread as (partition by key order by position)
   )
   select width_bucket(created_at, $3::timestamptz[]) as period, count(*) as replies,
     percentile_cont(0.5) within group (order by greatest(extract(epoch from created_at - asked_at), 0)) as "medianSeconds"
   from runs where own and begins and created_at >= ($3::timestamptz[])[1] group by 1`,
)

const ages = sql<{ more: boolean; age: number | null; conversations: number }>(
  'insights.awaiting',
  `with chosen as materialized (
     select c.active_at, c.waits, row_number() over (order by c.active_at desc, c.key desc) as rank
     from (${newest('', AWAITING_MOST)}) as c
   ), counted as (
     select width_bucket(extract(epoch from now() - active_at), $3::numeric[]) as age, count(*) as conversations
     from chosen where waits and rank <= ${AWAITING_MOST} group by 1
   )
   select whole.more, counted.age, counted.conversations
   from (select count(*) > ${AWAITING_MOST} as more from chosen) as whole left join counted on true`,
)

const valuesOf = ({ communityKey, creatorKey }: InsightsOf, time: InsightsTime) => [
  ...[communityKey, creatorKey, time.periods, time.from],
]

/** What the creator received and sent in each period. */
export async function messagesByPeriod(
  db: Queryable,
  of: InsightsOf,
  time: InsightsTime,
): Promise<MessageFigures> {
  const rows = await db.query(days, valuesOf(of, time))
  return {
    since: rows[0]?.since ?? null,
    days: rows.flatMap(({ period, received, sent }) => (period === null ? [] : [{ period, received, sent }])),
  }
}

/** The creator's replies of each period that has any. */
export function repliesByPeriod(db: Queryable, of: InsightsOf, time: InsightsTime): Promise<WeekRow[]> {
  return db.query(replies, valuesOf(of, time))
}

/**
 * Conversations in which the other spoke last, by age: of the 100,000 that were active last.
 * @param bounds where each age begins, in seconds, ascending
 */
export async function awaitingByAge(
  db: Queryable,
  { communityKey, creatorKey }: InsightsOf,
  bounds: readonly number[],
): Promise<Awaiting> {
  const rows = await db.query(ages, [communityKey, creatorKey, bounds])
  return {
    more: rows[0]?.more ?? false,
    ages: rows.flatMap(({ age, conversations }) => (age === null ? [] : [{ age, conversations }])),
  }
}
