import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

export interface CommunityRow {
  readonly id: string
  readonly name: string
  readonly creatorId: string
  readonly creatorUsername: string
  readonly creatorAvatarUrl: string | null
  readonly isCreator: boolean
  readonly status: string | null
  readonly unread: number
  readonly total: number
}

const unread = (mine: 'low' | 'high', place: string) => `(
  select coalesce(sum(c.last_position - c.${mine}_read), 0) from conversations c
  where c.community_key = ${place}.key and c.${mine}_key = ${place}.user_key and c.listed and c.last_position > c.${mine}_read)`

/** The unread messages of a user in a community, as an expression on a relation `place (key, user_key)`. */
export const unreadIn = (place: string): string => `(${unread('low', place)} + ${unread('high', place)})`

const ofUser = sql<CommunityRow>(
  'communities.of_user',
  `with mine as (
     select community_key as key from members where user_key = $1 and not blocked
     union select key from communities where creator_key = $1
     union select c.key from communities c where c.past_creator_keys @> array[$1::bigint]
       and not exists (select from members m where m.community_key = c.key and m.user_key = $1 and m.blocked)
   ), page as (
     select c.key, c.id, c.name, c.creator_key, $1::bigint as user_key, count(*) over () as total
     from mine join communities c using (key) order by c.name collate "C", c.id limit $2 offset $3
   )
   select page.id, page.name, u.id as "creatorId", u.username as "creatorUsername", u.avatar_url as "creatorAvatarUrl",
     page.creator_key = $1 as "isCreator", m.status, ${unreadIn('page')}::bigint as unread, page.total
   from page
   join users u on u.key = page.creator_key
   left join members m on m.community_key = page.key and m.user_key = $1
   order by page.name collate "C", page.id`,
)

/** A page of the communities that a user is the creator, a member or a former member of; blocked ones are left out. */
export function communitiesOfUser(
  db: Queryable,
  userKey: number,
  limit: number,
  offset: number,
): Promise<CommunityRow[]> {
  return db.query(ofUser, [userKey, limit, offset])
}

const countOfUser = sql<{ total: number }>(
  'communities.count_of_user',
  `select count(*) as total from (
     select community_key as key from members where user_key = $1 and not blocked
     union select key from communities where creator_key = $1
     union select c.key from communities c where c.past_creator_keys @> array[$1::bigint]
       and not exists (select from members m where m.community_key = c.key and m.user_key = $1 and m.blocked)
   ) as mine`,
)

export async function countCommunitiesOfUser(db: Queryable, userKey: number): Promise<number> {
  const [row] = await db.query(countOfUser, [userKey])
  return row?.total ?? 0
}

const creator = sql<{ key: number; creatorKey: number }>(
  'communities.creator',
  `select key, creator_key as "creatorKey" from communities where id = $1`,
)

/** A community and whose it is. @returns null when the host never told of it */
export async function creatorOf(
  db: Queryable,
  id: string,
): Promise<{ readonly key: number; readonly creatorKey: number } | null> {
  const [row] = await db.query(creator, [id])
  return row ?? null
}

const lock = sql<{ key: number; creatorKey: number }>(
  'communities.lock',
  `select key, creator_key as "creatorKey" from communities where id = $1 for update`,
)

/** The community by the host's id, its row locked until the transaction ends; null when there is none. */
export async function lockCommunity(
  tx: Queryable,
  id: string,
): Promise<{ key: number; creatorKey: number } | null> {
  const [row] = await tx.query(lock, [id])
  return row ?? null
}

const insert = sql<{ key: number }>(
  'communities.insert',
  `insert into communities (id, name, creator_key) values ($1, $2, $3) on conflict (id) do nothing returning key`,
)

/** @returns the new community's key; null when another transaction has just made one of that id */
export async function insertCommunity(
  tx: Queryable,
  id: string,
  name: string,
  creatorKey: number,
): Promise<number | null> {
  const [row] = await tx.query(insert, [id, name, creatorKey])
  return row?.key ?? null
}

const update = sql<never>(
  'communities.update',
  `with before as (
     select creator_key from communities where key = $1
   ), told as (
     insert into outbox (kind, community_key, low_key, high_key) select 'community.reset', $1, 0, 0 from before where creator_key <> $3
   )
   update communities c set name = $2, creator_key = $3, version = version + 1,
     reset_at = case when c.creator_key = $3 then reset_at else statement_timestamp() end,
     past_creator_keys = case when c.creator_key = $3 then past_creator_keys
       else array_append(array_remove(array_remove(past_creator_keys, c.creator_key), $3), c.creator_key) end
   where key = $1`,
)

/** Names the community and hands it to its creator; the creator before is remembered. The community is locked. */
export async function updateCommunity(
  tx: Queryable,
  key: number,
  name: string,
  creatorKey: number,
): Promise<void> {
  await tx.query(update, [key, name, creatorKey])
}

const keyOf = sql<{ key: number }>('communities.key', 'select key from communities where id = $1')

/** The community's key by the host's id; null when there is none. */
export async function communityKey(db: Queryable, id: string): Promise<number | null> {
  const [row] = await db.query(keyOf, [id])
  return row?.key ?? null
}
