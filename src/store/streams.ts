import type { PersonFacts } from '../domain/standing.ts'
import { microseconds } from './changes.ts'
import type { Queryable } from './db.ts'
import { membershipOf } from './pair.ts'
import { sql } from './sql.ts'

/** A conversation by its pair, and a message of it where one is asked for. */
export interface StreamRef {
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  readonly messageId: string | null
}

export interface StreamPerson extends PersonFacts {
  readonly id: string
  readonly username: string
  readonly avatarUrl: string | null
  readonly erasedAt: string | null
}

export interface StreamMessage {
  readonly id: string
  readonly content: string
  readonly createdAt: string
  readonly position: number
  readonly senderKey: number
}

/** A conversation as it is now, with all that its events show and the rules ask. */
export interface StreamFacts {
  readonly communityId: string
  readonly low: StreamPerson
  readonly high: StreamPerson
  readonly conversation: {
    readonly key: number
    readonly id: string
    readonly total: number
    readonly lowRead: number
    readonly highRead: number
    readonly listed: boolean
    readonly blocked: boolean
    /** The place in the list, in microseconds. */
    readonly activeAt: number
    /** How many changes of it there have been: outbox.ts. */
    readonly changes: number
  }
  /** Null: there are no messages. */
  readonly latest: StreamMessage | null
  /** The one that was asked for; null when it has been deleted. */
  readonly message: StreamMessage | null
}

const person = (
  who: 'low' | 'high',
) => `json_build_object('key', ${who}.key, 'id', ${who}.id, 'username', ${who}.username,
     'avatarUrl', ${who}.avatar_url, 'erasedAt', ${who}.erased_at, 'erased', ${who}.erased_at is not null,
     'isCreator', ${who}.key = community.creator_key, 'wasCreator', ${who}.key = any (community.past_creator_keys),
     'status', ${who}s.status, 'blocked', coalesce(${who}s.blocked, false)) as ${who}`
const message = (
  m: string,
) => `case when ${m}.id is not null then json_build_object('id', ${m}.id, 'content', ${m}.content,
     'createdAt', ${m}.created_at, 'position', ${m}.position, 'senderKey', ${m}.sender_key) end as ${m}`

const load = sql<StreamFacts & { ord: number }>(
  'streams.load',
  `select ref.ord, community.id as "communityId", ${person('low')}, ${person('high')},
     json_build_object('key', c.key, 'id', c.id, 'total', c.last_position, 'lowRead', c.low_read, 'highRead', c.high_read,
       'listed', c.listed, 'blocked', c.blocked, 'activeAt', ${microseconds('c.active_at')}, 'changes', c.changes) as conversation,
     ${message('latest')}, ${message('message')}
   from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[]) with ordinality
     as ref (community_key, low_key, high_key, message_id, ord)
   join communities community on community.key = ref.community_key
   join conversations c on c.community_key = ref.community_key and c.low_key = ref.low_key and c.high_key = ref.high_key
   join users low on low.key = ref.low_key
   join users high on high.key = ref.high_key
   left join lateral (${membershipOf('low')}) as lows on true
   left join lateral (${membershipOf('high')}) as highs on true
   left join messages latest on latest.community_key = ref.community_key and latest.conversation_key = c.key
     and latest.position = c.last_position
   left join lateral (
     select m.* from messages m where m.community_key = ref.community_key and m.id = ref.message_id offset 0
   ) as message on message.conversation_key = c.key`,
)

/** Conversations as they are now, all from one snapshot, in the order of the refs. */
export async function loadConversations(
  db: Queryable,
  refs: readonly StreamRef[],
): Promise<readonly (StreamFacts | undefined)[]> {
  const rows = await db.query(load, [
    refs.map((ref) => ref.communityKey),
    refs.map((ref) => ref.lowKey),
    refs.map((ref) => ref.highKey),
    refs.map((ref) => ref.messageId),
  ])
  const found = new Map(rows.map((row) => [row.ord, row]))
  return refs.map((_, i) => found.get(i + 1))
}

// By itself: what a stream has missed costs five times as much to ask for, of those too who have missed nothing.
const admit = sql<{ ord: number; userKey: number }>(
  'streams.admit',
  `select request.ord, u.key as "userKey" from unnest($1::text[]) with ordinality as request (user_id, ord)
   join users u on u.id = request.user_id and u.erased_at is null`,
)

/** The users' keys, in the order of the ids; undefined for those the host never told of, and for erased ones. */
export async function keysOfUsers(
  db: Queryable,
  userIds: readonly string[],
): Promise<(number | undefined)[]> {
  const rows = await db.query(admit, [userIds])
  const found = new Map(rows.map((row) => [row.ord, row.userKey]))
  return userIds.map((_, i) => found.get(i + 1))
}

/** Whose stream it is, and since when it has missed events. */
export interface ResumeRequest {
  readonly userKey: number
  /** Microseconds since 1970. */
  readonly since: number
}

export interface ResumeFacts {
  readonly erased: boolean
  /** One of the user's communities has changed as a whole. */
  readonly reset: boolean
  /** The conversations that have changed: [community, low, high]. One more than the most tells that there are more. */
  readonly pairs: readonly (readonly [number, number, number])[] | null
}

/** More than so many conversations are not told one by one. */
export const PAIRS_MOST = 500

const SINCE = 'to_timestamp(request.since / 1000000.0)'
// In the index's order: otherwise the planner took the primary key, and read all 100,000 conversations of a creator for the few.
const side = (mine: 'low' | 'high', time: 'active_at' | 'touched_at', only: string) => `
       (select c.community_key, c.low_key, c.high_key from conversations c
       where c.community_key = mine.key and c.${mine}_key = u.key and ${only} and c.${time} >= ${SINCE}
       order by c.${time} desc limit ${PAIRS_MOST + 1})`

const resume = sql<ResumeFacts>(
  'streams.resume',
  `select u.key is null or u.erased_at is not null as erased, coalesce(changed.reset, false) as reset, changed.pairs
   from unnest($1::bigint[], $2::bigint[]) with ordinality as request (user_key, since, ord)
   left join users u on u.key = request.user_key
   cross join lateral (
     with mine as (
       select m.community_key as key from members m where m.user_key = u.key
       union select c.key from communities c where c.creator_key = u.key
       union select c.key from communities c where c.past_creator_keys @> array[u.key]
     )
     select (select bool_or(c.reset_at >= ${SINCE}) from mine join communities c on c.key = mine.key) as reset, (
         select json_agg(json_build_array(community_key, low_key, high_key)) from (
           select pair.* from mine cross join lateral (
             ${[
               side('low', 'active_at', 'c.listed'),
               side('high', 'active_at', 'c.listed'),
               side('low', 'touched_at', 'c.touched_at is not null'),
               side('high', 'touched_at', 'c.touched_at is not null'),
             ].join(' union')}
           ) as pair limit ${PAIRS_MOST + 1}
         ) as pairs
       ) as pairs
   ) as changed
   order by request.ord`,
)

/** What each of the streams has to be told: only which conversations it is about. In the order of the requests. */
export function factsOfResumes(db: Queryable, requests: readonly ResumeRequest[]): Promise<ResumeFacts[]> {
  return db.query(resume, [requests.map((one) => one.userKey), requests.map((one) => one.since)])
}

export interface MissedRequest {
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  readonly since: number
}

/** Of one conversation more messages than this are not told one by one. */
export const MISSED_MOST = 200

// From the last message down, as far as they are new: what was committed since a moment lies on top of what was there. `offset 0` makes
// each step a look-up: as a join, all of a thread of 250,000 messages was read for each of the 200 that are told (156 s).
const missed = sql<StreamMessage & { ord: number }>(
  'streams.missed',
  `select request.ord, m.id, m.content, m.created_at as "createdAt", m.position, m.sender_key as "senderKey"
   from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) with ordinality
     as request (community_key, low_key, high_key, since, ord)
   join conversations c on c.community_key = request.community_key and c.low_key = request.low_key and c.high_key = request.high_key
   cross join lateral (
     with recursive run as (
       select last.* from messages last
       where last.community_key = c.community_key and last.conversation_key = c.key and last.position = c.last_position
         and last.created_at >= ${SINCE}
       union all
       select below.* from run cross join lateral (
         select m.* from messages m where m.community_key = c.community_key and m.conversation_key = c.key
           and m.position = run.position - 1 and m.created_at >= ${SINCE} offset 0
       ) as below
     )
     select * from run limit ${MISSED_MOST + 1}
   ) as m
   order by request.ord, m.position`,
)

/** The messages that came to each conversation since a moment and still stand, the oldest first. */
export async function missedMessages(
  db: Queryable,
  requests: readonly MissedRequest[],
): Promise<StreamMessage[][]> {
  const rows = await db.query(missed, [
    requests.map((one) => one.communityKey),
    requests.map((one) => one.lowKey),
    requests.map((one) => one.highKey),
    requests.map((one) => one.since),
  ])
  const found: StreamMessage[][] = requests.map(() => [])
  for (const { ord, ...row } of rows) found[ord - 1]?.push(row)
  return found
}

// What began before still may commit changes from before. Who only reads, listens or copies an export changes nothing.
const running = sql<{ now: number; oldest: number | null }>(
  'streams.running',
  `select ${microseconds('clock_timestamp()')} as now,
     ${microseconds('min(case when backend_xid is not null then xact_start else query_start end)')} as oldest
   from pg_stat_activity
   where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
     and application_name like 'snug%' and application_name not in ('snug export', 'snug listen')
     and (state = 'active' or backend_xid is not null)`,
)
const untold = sql<{ oldest: number | null }>(
  'streams.untold',
  `select ${microseconds('min(created_at)')} as oldest from outbox`,
)

// A backend notes when its statement began a moment before others can see that it runs. A second is a thousand times as long.
const UNSEEN_US = 1_000_000

/**
 * A moment by the database's clock, in microseconds: every change that was made before it has been committed and taken off the outbox,
 * or never will be. In this order, so that what commits between the two is seen by the second.
 */
export async function settledUntil(db: Queryable): Promise<{ settled: number; now: number }> {
  const [clock] = await db.query(running)
  const [left] = await db.query(untold)
  const now = (clock as { now: number }).now
  return { settled: Math.min(now - UNSEEN_US, clock?.oldest ?? now, left?.oldest ?? now), now }
}

// Looked up one by one: otherwise all members of a community are read for the few who have streams.
const inCommunity = sql<{ userKey: number }>(
  'streams.in_community',
  `select u.key as "userKey" from communities c cross join unnest($2::bigint[]) as u (key)
   left join lateral (
     select true as yes from members m where m.community_key = $1 and m.user_key = u.key offset 0
   ) as member on true
   where c.key = $1 and (member.yes or c.creator_key = u.key or u.key = any (c.past_creator_keys))`,
)

/** Which of the users have to do with the community. */
export async function usersInCommunity(
  db: Queryable,
  communityKey: number,
  userKeys: readonly number[],
): Promise<number[]> {
  const rows = await db.query(inCommunity, [communityKey, userKeys])
  return rows.map((row) => row.userKey)
}
