import type { CallerFacts } from '../domain/pair.ts'
import type { Queryable } from './db.ts'
import { CALLER_COLUMNS, CALLER_JOINS } from './pair.ts'
import { sql } from './sql.ts'

export interface MemberRow {
  readonly id: string
  readonly userKey: number
  readonly status: string
  readonly joinedAt: string
  readonly tier: { id?: string | null; name?: string | null; color?: string | null } | null
  readonly blocked: boolean
  readonly blockedAt: string | null
  readonly blockedById: string | null
  readonly blockReason: string | null
  readonly unblockedAt: string | null
  readonly unblockedById: string | null
  readonly userId: string
  readonly name: string | null
  readonly username: string
  readonly email: string | null
  readonly avatarUrl: string | null
}

export interface MemberCounts {
  readonly active: number
  readonly canceled: number
  readonly blocked: number
}

export interface MemberSearch {
  readonly communityKey: number
  readonly status: 'active' | 'canceled' | 'blocked' | null
  readonly search: string | null
  readonly limit: number
  readonly offset: number
}

const MEMBER = `
  m.id, m.user_key as "userKey", m.status, m.joined_at as "joinedAt", m.tier, m.blocked, m.blocked_at as "blockedAt",
  blocker.id as "blockedById", m.block_reason as "blockReason", m.unblocked_at as "unblockedAt",
  unblocker.id as "unblockedById", u.id as "userId", u.name, u.username, u.email, u.avatar_url as "avatarUrl"`

const PEOPLE = `
  join users u on u.key = m.user_key
  left join users blocker on blocker.key = m.blocked_by_key
  left join users unblocker on unblocker.key = m.unblocked_by_key`

// The three groups of CONTRACT §4's counts; together they are all members.
const GROUP = `case when m.blocked then 'blocked' when m.status in ('active', 'trialing') then 'active' else 'canceled' end`

const facts = sql<CallerFacts>(
  'members.caller',
  `select ${CALLER_COLUMNS} from (values ($1::text, $2::text)) as request (caller_id, community_id) ${CALLER_JOINS}`,
)

/** What the rules need to know of a caller in a community. */
export async function factsOfCaller(
  db: Queryable,
  callerId: string,
  communityId: string,
): Promise<CallerFacts> {
  const [row] = await db.query(facts, [callerId, communityId])
  return row as CallerFacts
}

const counts = sql<MemberCounts>(
  'members.counts',
  `select count(*) filter (where g = 'active') as active, count(*) filter (where g = 'canceled') as canceled,
     count(*) filter (where g = 'blocked') as blocked
   from (select ${GROUP} as g from members m where m.community_key = $1) as grouped`,
)

export async function countMembers(db: Queryable, communityKey: number): Promise<MemberCounts> {
  const [row] = await db.query(counts, [communityKey])
  return row as MemberCounts
}

const MATCHES = `m.community_key = $1 and ($2::text is null or ${GROUP} = $2)
  and ($3::text is null or position(lower($3) in lower(u.username)) > 0 or position(lower($3) in lower(u.name)) > 0
    or position(lower($3) in lower(u.email)) > 0)`

const page = sql<MemberRow>(
  'members.page',
  `select ${MEMBER} from members m ${PEOPLE} where ${MATCHES}
   order by m.joined_at desc, m.user_key desc limit $4 offset $5`,
)

/** The members that match, the newest first. */
export function findMembers(db: Queryable, search: MemberSearch): Promise<MemberRow[]> {
  return db.query(page, [search.communityKey, search.status, search.search, search.limit, search.offset])
}

const matching = sql<{ total: number }>(
  'members.matching',
  `select count(*) as total from members m join users u on u.key = m.user_key where ${MATCHES}`,
)

export async function countMatching(db: Queryable, search: MemberSearch): Promise<number> {
  const [row] = await db.query(matching, [search.communityKey, search.status, search.search])
  return row?.total ?? 0
}

const byUser = sql<MemberRow>(
  'members.by_user',
  `select ${MEMBER} from members m ${PEOPLE}
   where m.community_key = $1 and m.user_key = (select key from users where id = $2)`,
)
const byId = sql<MemberRow>(
  'members.by_id',
  `select ${MEMBER} from members m ${PEOPLE} where m.community_key = $1 and m.id = $2::uuid`,
)

/** A member by the membership's id (a UUID) or by the user's. */
export async function findMember(
  db: Queryable,
  communityKey: number,
  id: string,
  isUuid: boolean,
): Promise<MemberRow | null> {
  const [row] = isUuid ? await db.query(byId, [communityKey, id]) : []
  if (row) return row
  const [other] = await db.query(byUser, [communityKey, id])
  return other ?? null
}

const upsert = sql<{ created: boolean }>(
  'members.upsert',
  `insert into members as m (community_key, user_key, id, status, joined_at, tier)
   values ($1, $2, $3::uuid, $4, coalesce($5::timestamptz, now()), $6::jsonb)
   on conflict (community_key, user_key) do update set
     status = excluded.status,
     joined_at = coalesce($5::timestamptz, m.joined_at),
     tier = case when $7::boolean then excluded.tier else m.tier end
   returning xmax = 0 as created`,
)

/** @param member `joinedAt` null and `tier` undefined keep what there is. @returns whether the membership is new */
export async function upsertMember(
  db: Queryable,
  member: {
    communityKey: number
    userKey: number
    id: string
    status: string
    joinedAt: string | null
    tier: object | null | undefined
  },
): Promise<boolean> {
  const { communityKey, userKey, id, status, joinedAt, tier } = member
  const json = tier ? JSON.stringify(tier) : null
  const [row] = await db.query(upsert, [
    communityKey,
    userKey,
    id,
    status,
    joinedAt,
    json,
    tier !== undefined,
  ])
  return row?.created === true
}
