import type { SendFacts } from '../domain/send.ts'
import { AFTER_THE_LAST_CHANGE, CHANGED_AT, microseconds } from './changes.ts'
import type { Queryable } from './db.ts'
import { PAIR_COLUMNS, PAIR_JOINS } from './pair.ts'
import { sql } from './sql.ts'

/** A send as it is asked for: the host's ids outside. */
export interface SendRequest {
  readonly callerId: string
  readonly communityId: string
  /** Null when the body names none: the other faults are still judged. */
  readonly recipientId: string | null
  readonly idempotencyKey: string | null
}

/** A send that the rules let pass, with small keys inside. */
export interface AdmittedSend {
  readonly communityKey: number
  readonly senderKey: number
  readonly recipientKey: number
  readonly messageId: string
  /** The conversation's id if this message is its first. Made before `messageId`, and so smaller. */
  readonly conversationId: string
  readonly content: string
  readonly idempotencyKey: string | null
}

export interface WrittenSend {
  /** 1 for the first of the batch. */
  readonly ord: number
  readonly position: number
  readonly createdAt: string
  /** The conversation's, and how far its two people have read now. */
  readonly conversationId: string
  readonly lowRead: number
  readonly highRead: number
  /** Which change of the conversation it is, when it was made and when the one before it: see outbox.ts. */
  readonly change: number
  readonly changedAt: number
  readonly previousAt: number | null
}

// The key is looked up by a subquery of its own: joined, the planner took the sender's keys all, expecting few, and a creator has
// one of every send there ever was (6 ms at 10,000).
const readFacts = sql<SendFacts>(
  'sends.facts',
  `select ${PAIR_COLUMNS},
     conversation.last_message_id as "lastMessageId", coalesce(conversation.changes, 0) as changes, (
       select known.message_id from idempotency_keys known
       where known.community_key = community.key and known.sender_key = caller.key
         and known.idempotency_key = request.idempotency_key
     ) as "knownMessageId"
   from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
     as request (caller_id, community_id, other_id, idempotency_key, ord)
   ${PAIR_JOINS}
   order by request.ord`,
)

// The row lock of the conversation is taken by the upsert, in key order by every server, and before any other lock: the
// subqueries that count a CTE's rows make it run to its end first. Then come the idempotency keys and the inboxes, each in
// order as well. So there is no deadlock between batches, and none with block and delete, which lock in the same order.
// A blocked conversation is passed over, and so is anybody erased since the facts were read: their sends return no row. Neither
// do those to a conversation in which another server has meanwhile stored a greater id: ids have the order of positions, which
// is what clients sort by. Only an import's ids, which carry no time or one far ahead, are no bound.
const writeBatch = sql<WrittenSend>(
  'sends.write',
  `with sent as (
     select s.*, statement_timestamp() + s.ord * interval '1 microsecond' as created_at, low_key, high_key,
       row_number() over (partition by s.community_key, low_key, high_key order by s.ord)::integer as rank,
       count(*) over (partition by s.community_key, low_key, high_key)::integer as size
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[]) with ordinality
       as s (community_key, sender_key, recipient_key, message_id, conversation_id, content, idempotency_key, ord)
     cross join lateral (select least(sender_key, recipient_key), greatest(sender_key, recipient_key))
       as pair (low_key, high_key)
     where (select u.erased_at is null from users u where u.key = s.sender_key)
       and (select u.erased_at is null from users u where u.key = s.recipient_key)
   ), stacked as (
     select community_key, low_key, high_key, max(size) as size, max(created_at) as active_at,
       (array_agg(message_id order by rank desc))[1] as last_message_id,
       (array_agg(sender_key order by rank desc))[1] as last_sender_key,
       (array_agg(conversation_id order by rank))[1] as conversation_id,
       coalesce(max(rank) filter (where sender_key = low_key), 0) as low_top,
       coalesce(max(rank) filter (where sender_key = high_key), 0) as high_top
     from sent group by community_key, low_key, high_key
   ), conversation as (
     insert into conversations as c (community_key, low_key, high_key, id, last_position, last_message_id,
       last_sender_key, low_read, high_read, active_at, changes)
     select community_key, low_key, high_key, conversation_id, size, last_message_id, last_sender_key, low_top, high_top,
       active_at, size
     from stacked order by community_key, low_key, high_key
     on conflict (community_key, low_key, high_key) do update set
       id = case when c.last_position = 0 then excluded.id else c.id end,
       last_position = c.last_position + excluded.last_position,
       last_message_id = excluded.last_message_id,
       last_sender_key = excluded.last_sender_key,
       low_read = case when excluded.low_read > 0 then c.last_position + excluded.low_read else c.low_read end,
       high_read = case when excluded.high_read > 0 then c.last_position + excluded.high_read else c.high_read end,
       active_at = greatest(excluded.active_at, ${AFTER_THE_LAST_CHANGE}),
       off_list = false,
       was_listed = c.listed,
       changes = c.changes + excluded.changes,
       was_changed_at = ${CHANGED_AT},
       touched_at = null
     where not c.blocked and (c.last_message_id < excluded.id or c.last_message_id is null
       or c.last_message_id > $8::uuid or substr(c.last_message_id::text, 15, 1) <> '7')
     returning c.*
   ), placed as (
     select sent.*, conversation.key as conversation_key, conversation.id as own_id, low_read, high_read, active_at,
       conversation.last_position - sent.size + sent.rank as position,
       conversation.changes - sent.size + sent.rank as change,
       case when sent.rank = 1 then was_changed_at else active_at end as previous_at
     from sent
     join conversation using (community_key, low_key, high_key)
   ), message as (
     insert into messages (community_key, conversation_key, sender_key, recipient_key, created_at, id, position, content)
     select community_key, conversation_key, sender_key, recipient_key, created_at, message_id, position, content
     from placed
     returning 1
   ), idempotency_key as (
     insert into idempotency_keys (community_key, sender_key, idempotency_key, message_id)
     select community_key, sender_key, idempotency_key, message_id
     from placed where idempotency_key is not null and (select count(*) from message) >= 0
     order by community_key, sender_key, idempotency_key
     returning 1
   ), inbox as (
     insert into inboxes as i (community_key, user_key, listed)
     select community_key, user_key, count(*) filter (where not was_listed)
     from conversation cross join lateral (values (low_key), (high_key)) as participant (user_key)
     where (select count(*) from idempotency_key) >= 0
     group by community_key, user_key order by community_key, user_key
     on conflict (community_key, user_key) do update set listed = i.listed + excluded.listed, version = i.version + 1
   ), told as (
     insert into outbox (kind, community_key, low_key, high_key, message_id, position, user_key, change, changed_at, previous_at)
     select 'message.created', community_key, low_key, high_key, message_id, position, recipient_key, change, active_at, previous_at
     from placed order by ord
   )
   select ord, position, created_at as "createdAt", own_id as "conversationId", low_read as "lowRead", high_read as "highRead",
     change, ${microseconds('active_at')} as "changedAt", ${microseconds('previous_at')} as "previousAt" from placed`,
)

/** The facts of every send of a batch, in its order, from one snapshot. */
export function factsOfSends(db: Queryable, batch: readonly SendRequest[]): Promise<SendFacts[]> {
  return db.query(readFacts, [
    batch.map((send) => send.callerId),
    batch.map((send) => send.communityId),
    batch.map((send) => send.recipientId),
    batch.map((send) => send.idempotencyKey),
  ])
}

/**
 * Stores a batch, all or nothing, and returns a row for each send that was stored. A send without one met a block, an
 * erasure or a message of another server's that came after its facts, and is to be judged again.
 * @param furthest ids greater than it are no bound for new ones
 * @throws a unique violation (23505) when one of the batch's idempotency keys has been used meanwhile: nothing is stored.
 */
export function writeSends(
  db: Queryable,
  batch: readonly AdmittedSend[],
  furthest: string,
): Promise<WrittenSend[]> {
  return db.query(writeBatch, [
    batch.map((send) => send.communityKey),
    batch.map((send) => send.senderKey),
    batch.map((send) => send.recipientKey),
    batch.map((send) => send.messageId),
    batch.map((send) => send.conversationId),
    batch.map((send) => send.content),
    batch.map((send) => send.idempotencyKey),
    furthest,
  ])
}
