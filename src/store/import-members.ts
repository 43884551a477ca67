import { TOLD, TOLD_OF, TOUCH } from './changes.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** What a member line refers to. */
export interface MemberReference {
  readonly communityKey: number
  readonly userId: string
  /** The id that the line gives the membership. */
  readonly id: string | null
  readonly blockedById: string | null
  readonly unblockedById: string | null
}

export interface MemberImportFacts {
  readonly userKey: number | null
  readonly erased: boolean
  readonly blockedByKey: number | null
  readonly unblockedByKey: number | null
  readonly isMember: boolean
  /** The membership was blocked at some time. */
  readonly everBlocked: boolean
  /** Another membership of the community has the id. */
  readonly idTaken: boolean
}

const facts = sql<MemberImportFacts>(
  'import.member_facts',
  `select u.key as "userKey", u.erased_at is not null as erased, blocker.key as "blockedByKey",
     unblocker.key as "unblockedByKey", m.user_key is not null as "isMember",
     coalesce(m.blocked or m.blocked_at is not null or m.unblocked_at is not null, false) as "everBlocked",
     coalesce(holder.user_key <> u.key, false) as "idTaken"
   from unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::text[]) with ordinality
     as line (community_key, user_id, id, blocked_by_id, unblocked_by_id, ord)
   left join users u on u.id = line.user_id
   left join users blocker on blocker.id = line.blocked_by_id
   left join users unblocker on unblocker.id = line.unblocked_by_id
   left join members m on m.community_key = line.community_key and m.user_key = u.key
   left join members holder on holder.community_key = line.community_key and holder.id = line.id
   order by line.ord`,
)

export function factsOfMembers(
  db: Queryable,
  lines: readonly MemberReference[],
): Promise<MemberImportFacts[]> {
  return db.query(facts, [
    lines.map((line) => line.communityKey),
    lines.map((line) => line.userId),
    lines.map((line) => line.id),
    lines.map((line) => line.blockedById),
    lines.map((line) => line.unblockedById),
  ])
}

/** A membership as the column names say. */
export interface ImportedMember {
  readonly community_key: number
  readonly user_key: number
  readonly id: string
  readonly status: string
  readonly joined_at: string | null
  readonly tier: object | null
  /** False: the tier stays as it is. */
  readonly tier_given: boolean
  /** False: the columns of the block stay as they are. */
  readonly block_given: boolean
  readonly blocked: boolean
  readonly blocked_at: string | null
  readonly blocked_by_key: number | null
  readonly block_reason: string | null
  readonly unblocked_at: string | null
  readonly unblocked_by_key: number | null
}

export interface ImportedMemberRow {
  readonly communityKey: number
  readonly userKey: number
  readonly made: boolean
  readonly blocked: boolean
}

const BLOCK = ['blocked', 'blocked_at', 'blocked_by_key', 'block_reason', 'unblocked_at', 'unblocked_by_key']
const kept = (column: string) => `case when l.block_given then l.${column} else m.${column} end`
const AFTER = `l.status, coalesce(l.joined_at, m.joined_at), case when l.tier_given then l.tier else m.tier end,
  ${BLOCK.map(kept).join(', ')}`

const upsert = sql<ImportedMemberRow>(
  'import.members',
  `with l as (
     select * from jsonb_to_recordset($1::jsonb) as l (community_key bigint, user_key bigint, id uuid, status text,
       joined_at timestamptz, tier jsonb, tier_given boolean, block_given boolean, blocked boolean, blocked_at timestamptz,
       blocked_by_key bigint, block_reason text, unblocked_at timestamptz, unblocked_by_key bigint)
   ), made as (
     insert into members (community_key, user_key, id, status, joined_at, tier, ${BLOCK.join(', ')})
     select community_key, user_key, id, status, coalesce(joined_at, now()), tier, ${BLOCK.join(', ')}
     from l where not exists (select from members m where m.community_key = l.community_key and m.user_key = l.user_key)
     order by community_key, user_key
     on conflict (community_key, user_key) do nothing returning community_key, user_key, blocked
   ), changed as (
     update members m set (status, joined_at, tier, ${BLOCK.join(', ')}) = row (${AFTER})
     from l
     where m.community_key = l.community_key and m.user_key = l.user_key
       and (m.status, m.joined_at, m.tier, ${BLOCK.map((column) => `m.${column}`).join(', ')}) is distinct from (${AFTER})
     returning m.community_key, m.user_key, m.blocked
   )
   select community_key as "communityKey", user_key as "userKey", true as made, blocked from made
   union all select community_key, user_key, false, blocked from changed`,
)

/** Makes the memberships or changes them, each at most once. @returns those that are new or changed */
export function importMembers(
  tx: Queryable,
  members: readonly ImportedMember[],
): Promise<ImportedMemberRow[]> {
  return tx.query(upsert, [JSON.stringify(members)])
}

// As blocks.settle_conversations, for many members at once. A membership that is new as a blocked one needs no empty rows for the
// pairs with the creators: no send of before has found somebody active there.
const settle = sql<{ settled: number }>(
  'import.settle_conversations',
  `with subject as (
     select * from unnest($1::bigint[], $2::bigint[], $3::boolean[]) as s (community_key, user_key, made)
   ), pair as (
     select c.community_key, c.low_key, c.high_key from subject s
     join conversations c on c.community_key = s.community_key and c.low_key = s.user_key
     union
     select c.community_key, c.low_key, c.high_key from subject s
     join conversations c on c.community_key = s.community_key and c.high_key = s.user_key and c.listed
     union
     select c.community_key, c.low_key, c.high_key from subject s
     join conversations c on c.community_key = s.community_key and c.high_key = s.user_key and not c.listed
     union
     select s.community_key, least(s.user_key, was.creator_key), greatest(s.user_key, was.creator_key) from subject s
     join communities on communities.key = s.community_key
     cross join lateral unnest(past_creator_keys || communities.creator_key) as was (creator_key)
     where not s.made and was.creator_key <> s.user_key
   ), settled as (
     insert into conversations as c (community_key, low_key, high_key, id, active_at, blocked)
     select pair.community_key, low_key, high_key, gen_random_uuid(), now(), exists (
         select from members m where m.community_key = pair.community_key and m.user_key in (low_key, high_key) and m.blocked)
     from pair order by pair.community_key, low_key, high_key
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
     select 'conversation.hidden', ${TOLD_OF} from settled where last_position > 0
   )
   select count(*) as settled from settled`,
)

/** Hides the conversations of members who have just been blocked. The communities are locked. */
export async function hideConversations(tx: Queryable, blocked: readonly ImportedMemberRow[]): Promise<void> {
  if (blocked.length === 0) return
  const columns = [blocked.map((row) => row.communityKey), blocked.map((row) => row.userKey)]
  await tx.query(settle, [...columns, blocked.map((row) => row.made)])
}

const touch = sql<never>(
  'import.touch_communities',
  'update communities set version = version + 1 where key = any($1::bigint[])',
)

/** Tells the lists of changed memberships. The communities are locked already. */
export async function touchCommunities(tx: Queryable, communityKeys: Iterable<number>): Promise<void> {
  const keys = [...new Set(communityKeys)]
  if (keys.length > 0) await tx.query(touch, [keys])
}
