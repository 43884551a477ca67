import type { CallerFacts } from '../domain/pair.ts'
import { lockedOf, TELL } from './changes.ts'
import type { Queryable } from './db.ts'
import { CALLER_COLUMNS, CALLER_JOINS } from './pair.ts'
import { sql } from './sql.ts'
import { touchMemberLate } from './touches.ts'

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

/** How many members of each group there are. */
export async function countMembers(db: Queryable, communityKey: number): Promise<MemberCounts> {
  const [row] = await db.query(counts, [communityKey])
  return row as MemberCounts
}

const chosenBy = (keys: string) => `
  (${keys} order by m.joined_at desc, m.user_key desc limit $3 offset $4) as chosen`
const CHOSEN = `
  join members m on m.community_key = $1 and m.user_key = chosen.user_key ${PEOPLE}
  order by m.joined_at desc, m.user_key desc`
const OF_GROUP = `m.community_key = $1 and ($2::text is null or ${GROUP} = $2)`

// The page is cut by the index alone, before anything is joined to it: at a million members a deep page took over 3 s.
const page = sql<MemberRow>(
  'members.page',
  `select ${MEMBER} from ${chosenBy(`select m.user_key from members m where ${OF_GROUP}`)} ${CHOSEN}`,
)

/** A page of the members of a status, the newest first. */
export function findMembers(db: Queryable, search: MemberSearch): Promise<MemberRow[]> {
  return db.query(page, [search.communityKey, search.status, search.limit, search.offset])
}

const matching = sql<MemberRow & { total: number }>(
  'members.search',
  `with matching as materialized (
     select m.user_key, m.joined_at from members m join users u on u.key = m.user_key
     where ${OF_GROUP} and position(lower($5) in u.searched) > 0
   )
   select counted.total, found.* from (select count(*) as total from matching) as counted left join (
     select ${MEMBER} from ${chosenBy('select m.user_key from matching m')} ${CHOSEN}
   ) as found on true`,
)

/** The same of those whose username, name or email holds the words, in any case. @returns the page, and how many there are */
export async function searchMembers(
  db: Queryable,
  search: MemberSearch & { readonly search: string },
): Promise<{ total: number; rows: MemberRow[] }> {
  const { communityKey, status, limit, offset } = search
  const rows = await db.query(matching, [communityKey, status, limit, offset, search.search])
  // A page past the end is one row of nothing, for the total's sake.
  return { total: rows[0]?.total ?? 0, rows: rows.filter((row) => row.id !== null) }
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

// One statement, so that the community's row is held for no longer than its commit: hosts tell of many members at once. The
// subquery has it locked before the membership, as everybody does. The user's row is locked as well: an erasure comes before
// this, and then there is nobody, or ends this membership too. A status that is another one is told to the member's conversations.
const upsert = sql<{ created: boolean; userKey: number; changed: boolean }>(
  'members.upsert',
  `with person as (
     select key from users where id = $2 and erased_at is null for no key update
   ), community as (
     update communities set version = version + 1 from person where communities.key = $1 returning 1
   ), member as (
   insert into members as m (community_key, user_key, id, status, joined_at, tier)
   select $1, person.key, $3::uuid, $4, coalesce($5::timestamptz, now()), $6::jsonb
   from person where (select count(*) from community) > 0
   on conflict (community_key, user_key) do update set
     status = excluded.status,
     joined_at = coalesce($5::timestamptz, m.joined_at),
     tier = case when $7::boolean then excluded.tier else m.tier end,
     was_status = m.status
   returning xmax = 0 as created, community_key, user_key, was_status is distinct from status as changed
   ), subject as (
     select community_key, user_key from member where changed
   ), ${lockedOf('subject')}, ${TELL}
   select created, user_key as "userKey", changed from member`,
)

/**
 * @param member `joinedAt` null and `tier` undefined keep what there is
 * @returns whether the membership is new; null for a user the host never told of, or an erased one
 */
export async function upsertMember(
  db: Queryable,
  member: {
    communityKey: number
    userId: string
    id: string
    status: string
    joinedAt: string | null
    tier: object | null | undefined
  },
): Promise<boolean | null> {
  const { communityKey, userId, id, status, joinedAt, tier } = member
  const json = tier ? JSON.stringify(tier) : null
  const [row] = await db.query(upsert, [communityKey, userId, id, status, joinedAt, json, tier !== undefined])
  // Somebody new has not written yet.
  if (row?.changed && !row.created) await touchMemberLate(db, { communityKey, userKey: row.userKey })
  return row?.created ?? null
}
