import { TOLD, TOLD_OF, TOUCH } from './changes.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

const lockCommunity = sql<{ creatorKey: number }>(
  'blocks.lock_community',
  `update communities set version = version + 1 where key = $1 returning creator_key as "creatorKey"`,
)

/** Keeps the community from changing hands until the transaction ends, and tells of the change. @returns the creator's key */
export async function lockCreator(tx: Queryable, communityKey: number): Promise<number> {
  const [row] = await tx.query(lockCommunity, [communityKey])
  if (!row) throw new Error('the community has gone')
  return row.creatorKey
}

const block = sql<{ blocked: boolean }>(
  'blocks.block',
  `update members set blocked = true, status = 'canceled', blocked_at = now(), blocked_by_key = $3, block_reason = $4,
     unblocked_at = null, unblocked_by_key = null
   where community_key = $1 and user_key = $2 and not blocked returning blocked`,
)
const unblock = sql<{ blocked: boolean }>(
  'blocks.unblock',
  `update members set blocked = false, unblocked_at = now(), unblocked_by_key = $3
   where community_key = $1 and user_key = $2 and blocked returning blocked`,
)

/** @param byKey who blocks; null is the host. @returns false when the member was blocked already */
export async function markBlocked(
  tx: Queryable,
  member: { communityKey: number; userKey: number; byKey: number | null; reason: string | null },
): Promise<boolean> {
  const rows = await tx.query(block, [member.communityKey, member.userKey, member.byKey, member.reason])
  return rows.length === 1
}

/** @returns false when the member was not blocked */
export async function markUnblocked(
  tx: Queryable,
  member: { communityKey: number; userKey: number; byKey: number | null },
): Promise<boolean> {
  const rows = await tx.query(unblock, [member.communityKey, member.userKey, member.byKey])
  return rows.length === 1
}

// The upsert is there for its locks: it takes the rows in key order, as sends do, and makes an empty row for the pairs with
// the creator and those of before, so that a first message that is on its way meets the block as well. A conversation stays blocked while the
// other participant is.
const settle = sql<{ hidden: number }>(
  'blocks.settle_conversations',
  `with pair as (
     select low_key, high_key from conversations where community_key = $1 and low_key = $2
     union
     select low_key, high_key from conversations where community_key = $1 and high_key = $2 and listed
     union
     select low_key, high_key from conversations where community_key = $1 and high_key = $2 and not listed
     union
     select least($2, was_creator), greatest($2, was_creator)
     from communities, unnest(past_creator_keys || creator_key) as was_creator
     where communities.key = $1 and $3::boolean and was_creator <> $2
   ), settled as (
     insert into conversations as c (community_key, low_key, high_key, id, active_at, blocked)
     select $1, low_key, high_key, gen_random_uuid(), now(), $3::boolean or coalesce(theirs.blocked, false)
     from pair left join members theirs on theirs.community_key = $1 and theirs.user_key = low_key + high_key - $2
     order by low_key, high_key
     on conflict (community_key, low_key, high_key) do update set blocked = excluded.blocked, ${TOUCH}
     where c.blocked <> excluded.blocked
     returning c.*
   ), inbox as (
     insert into inboxes as i (community_key, user_key, listed)
     select community_key, user_key, sum(listed::integer - was_listed::integer)
     from settled cross join lateral (values (low_key), (high_key)) as p (user_key)
     group by community_key, user_key order by community_key, user_key
     on conflict (community_key, user_key) do update set listed = i.listed + excluded.listed, version = i.version + 1
   ), told as (
     insert into outbox (kind, ${TOLD})
     select case when blocked then 'conversation.hidden' else 'conversation.shown' end, ${TOLD_OF}
     from settled where last_position > 0
   )
   select count(*) as hidden from settled`,
)

/** Hides or shows all of a member's conversations, as the memberships now say: in the transaction that blocks or unblocks. */
export async function settleConversations(
  tx: Queryable,
  settled: { communityKey: number; userKey: number; blocked: boolean },
): Promise<void> {
  await tx.query(settle, [settled.communityKey, settled.userKey, settled.blocked])
}
