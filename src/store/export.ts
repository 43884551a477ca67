import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

// Each statement reads a page of what follows a key, along the primary key: an export of any size holds one page in memory. The
// page is cut (materialized) before anything is joined: joined first, PostgreSQL read all that follows for each page, 0.2 s at
// 50,000 messages. The order is that in which an import makes the same keys again.
export interface ExportedUser {
  readonly key: number
  readonly id: string
  readonly username: string
  readonly name: string | null
  readonly email: string | null
  readonly avatarUrl: string | null
  readonly timeZone: string | null
  readonly settings: Readonly<Record<string, unknown>>
  readonly erasedAt: string | null
}

const USER = `u.key, u.id, u.username, u.name, u.email, u.avatar_url as "avatarUrl", u.time_zone as "timeZone", u.settings,
  u.erased_at as "erasedAt"`

const users = sql<ExportedUser>(
  'export.users',
  `select ${USER} from users u where u.key > $1 order by u.key limit $2`,
)

export function exportUsers(db: Queryable, after: number, limit: number): Promise<ExportedUser[]> {
  return db.query(users, [after, limit])
}

const others = sql<{ key: number }>(
  'export.others_of_community',
  `select creator_key as key from communities where key = $1
   union select unnest(past_creator_keys) from communities where key = $1
   union select blocked_by_key from members where community_key = $1 and blocked_by_key is not null
   union select unblocked_by_key from members where community_key = $1 and unblocked_by_key is not null`,
)

/** The people of a community who need no membership for it: creators, and whoever blocked somebody. */
export async function othersOfCommunity(db: Queryable, communityKey: number): Promise<number[]> {
  const rows = await db.query(others, [communityKey])
  return rows.map((row) => row.key)
}

const usersOfCommunity = sql<ExportedUser>(
  'export.users_of_community',
  `select ${USER} from (
     (select user_key as key from members where community_key = $3 and user_key > $1 order by user_key limit $2)
     union select key from unnest($4::bigint[]) as other (key) where key > $1
     order by key limit $2
   ) as page
   join users u using (key) order by u.key`,
)

/** @param others the keys that `othersOfCommunity` gave */
export function exportUsersOfCommunity(
  db: Queryable,
  after: number,
  limit: number,
  communityKey: number,
  others: readonly number[],
): Promise<ExportedUser[]> {
  return db.query(usersOfCommunity, [after, limit, communityKey, others])
}

export interface ExportedCommunity {
  readonly key: number
  readonly id: string
  readonly name: string
  readonly creatorId: string
  readonly pastCreatorIds: readonly string[]
}

const communities = sql<ExportedCommunity>(
  'export.communities',
  `select c.key, c.id, c.name, creator.id as "creatorId", (
       select coalesce(json_agg(u.id order by past.ord), '[]') from unnest(c.past_creator_keys) with ordinality as past (key, ord)
       join users u on u.key = past.key
     ) as "pastCreatorIds"
   from communities c join users creator on creator.key = c.creator_key
   where c.key > $1 and c.key <= $2 order by c.key limit $3`,
)

export function exportCommunities(
  db: Queryable,
  after: number,
  last: number,
  limit: number,
): Promise<ExportedCommunity[]> {
  return db.query(communities, [after, last, limit])
}

export interface ExportedMember {
  readonly communityKey: number
  readonly userKey: number
  readonly communityId: string
  readonly userId: string
  readonly id: string
  readonly status: string
  readonly joinedAt: string
  readonly tier: { id?: string | null; name?: string | null; color?: string | null } | null
  readonly blocked: boolean
  readonly blockedAt: string | null
  readonly blockedById: string | null
  readonly blockReason: string | null
  readonly unblockedAt: string | null
  readonly unblockedById: string | null
}

const members = sql<ExportedMember>(
  'export.members',
  `with m as materialized (
     select * from members where (community_key, user_key) > ($1, $2) and community_key <= $3
     order by community_key, user_key limit $4
   )
   select m.community_key as "communityKey", m.user_key as "userKey", c.id as "communityId", u.id as "userId", m.id, m.status,
     m.joined_at as "joinedAt", m.tier, m.blocked, m.blocked_at as "blockedAt", blocker.id as "blockedById",
     m.block_reason as "blockReason", m.unblocked_at as "unblockedAt", unblocker.id as "unblockedById"
   from m
   join communities c on c.key = m.community_key
   join users u on u.key = m.user_key
   left join users blocker on blocker.key = m.blocked_by_key
   left join users unblocker on unblocker.key = m.unblocked_by_key
   order by m.community_key, m.user_key`,
)

export type MemberPlace = readonly [communityKey: number, userKey: number]

export function exportMembers(
  db: Queryable,
  after: MemberPlace,
  last: number,
  limit: number,
): Promise<ExportedMember[]> {
  return db.query(members, [...after, last, limit])
}

export interface ExportedMessage {
  readonly communityKey: number
  readonly conversationKey: number
  readonly position: number
  readonly id: string
  readonly communityId: string
  readonly senderId: string
  readonly recipientId: string
  readonly content: string
  readonly createdAt: string
  /** The recipient has read it. */
  readonly read: boolean
  readonly conversationId: string
  readonly lastPosition: number
  readonly activeAt: string
  readonly offList: boolean
}

const messages = sql<ExportedMessage>(
  'export.messages',
  `with m as materialized (
     select * from messages where (community_key, conversation_key, position) > ($1, $2, $3) and community_key <= $4
     order by community_key, conversation_key, position limit $5
   )
   select m.community_key as "communityKey", m.conversation_key as "conversationKey", m.position, m.id, c.id as "communityId",
     sender.id as "senderId", recipient.id as "recipientId", m.content, m.created_at as "createdAt",
     m.position <= case when m.recipient_key = v.low_key then v.low_read else v.high_read end as read,
     v.id as "conversationId", v.last_position as "lastPosition", v.active_at as "activeAt", v.off_list as "offList"
   from m
   join communities c on c.key = m.community_key
   join conversations v on v.community_key = m.community_key
     and v.low_key = least(m.sender_key, m.recipient_key) and v.high_key = greatest(m.sender_key, m.recipient_key)
   join users sender on sender.key = m.sender_key
   join users recipient on recipient.key = m.recipient_key
   order by m.community_key, m.conversation_key, m.position`,
)

export type MessagePlace = readonly [communityKey: number, conversationKey: number, position: number]

export function exportMessages(
  db: Queryable,
  after: MessagePlace,
  last: number,
  limit: number,
): Promise<ExportedMessage[]> {
  return db.query(messages, [...after, last, limit])
}

export interface ExportedKey {
  readonly communityKey: number
  readonly senderKey: number
  readonly communityId: string
  readonly senderId: string
  readonly key: string
  readonly messageId: string
}

const keys = sql<ExportedKey>(
  'export.keys',
  `with k as materialized (
     select * from idempotency_keys
     where (community_key, sender_key, idempotency_key) > ($1, $2, $3) and community_key <= $4
     order by community_key, sender_key, idempotency_key limit $5
   )
   select k.community_key as "communityKey", k.sender_key as "senderKey", c.id as "communityId", u.id as "senderId",
     k.idempotency_key as key, k.message_id as "messageId"
   from k
   join communities c on c.key = k.community_key
   join users u on u.key = k.sender_key
   order by k.community_key, k.sender_key, k.idempotency_key`,
)

export type KeyPlace = readonly [communityKey: number, senderKey: number, key: string]

export function exportKeys(
  db: Queryable,
  after: KeyPlace,
  last: number,
  limit: number,
): Promise<ExportedKey[]> {
  return db.query(keys, [...after, last, limit])
}
