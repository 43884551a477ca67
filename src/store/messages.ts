import type { DeletionFacts } from '../domain/deletion.ts'
import { TOLD, TOLD_OF, TOUCH } from './changes.ts'
import type { Queryable } from './db.ts'
import { CALLER_COLUMNS, CALLER_JOINS } from './pair.ts'
import { sql } from './sql.ts'

/** A message with its two people, as a replayed send answers it. */
export interface MessageRow {
  readonly id: string
  readonly content: string
  readonly createdAt: string
  readonly recipientId: string
  readonly recipientUsername: string
  readonly recipientAvatarUrl: string | null
  readonly senderId: string
  readonly senderUsername: string
  readonly senderAvatarUrl: string | null
  readonly senderErasedAt: string | null
}

const one = sql<MessageRow>(
  'messages.one',
  `select m.id, m.content, m.created_at as "createdAt",
     recipient.id as "recipientId", recipient.username as "recipientUsername", recipient.avatar_url as "recipientAvatarUrl",
     sender.id as "senderId", sender.username as "senderUsername", sender.avatar_url as "senderAvatarUrl",
     sender.erased_at as "senderErasedAt"
   from messages m
   join users sender on sender.key = m.sender_key
   join users recipient on recipient.key = m.recipient_key
   where m.community_key = $1 and m.id = $2::uuid`,
)

/** A message by its id; null when it has been deleted. */
export async function messageById(
  db: Queryable,
  communityKey: number,
  messageId: string,
): Promise<MessageRow | null> {
  const [row] = await db.query(one, [communityKey, messageId])
  return row ?? null
}

const deletionFacts = sql<DeletionFacts>(
  'messages.deletion_facts',
  `select ${CALLER_COLUMNS}, m.sender_key as "senderKey", m.recipient_key as "recipientKey",
     conversation.blocked as "conversationBlocked", conversation.last_message_id as "lastMessageId", m.id as "messageId"
   from (values ($1::text, $2::text)) as request (caller_id, community_id)
   ${CALLER_JOINS}
   left join messages m on m.community_key = community.key and m.id = $3::uuid
   left join conversations conversation on conversation.community_key = community.key
     and conversation.low_key = least(m.sender_key, m.recipient_key)
     and conversation.high_key = greatest(m.sender_key, m.recipient_key)`,
)

export async function factsOfDeletion(
  db: Queryable,
  request: { callerId: string; communityId: string; messageId: string | null },
): Promise<DeletionFacts> {
  const [facts] = await db.query(deletionFacts, [request.callerId, request.communityId, request.messageId])
  return facts as DeletionFacts
}

// A stack: as long as this message is on top, what lies below it is what the snapshot saw. So the row's lock and the
// comparison with last_message_id are all that two deletes, or a delete and a send, need to find one order. Locks are taken
// as by sends: the conversation, then the inboxes by key.
const deleteLast = sql<{ total: number }>(
  'messages.delete_last',
  `with shortened as (
     update conversations c set
       last_position = c.last_position - 1,
       last_message_id = below.id,
       last_sender_key = below.sender_key,
       low_read = least(c.low_read, c.last_position - 1),
       high_read = least(c.high_read, c.last_position - 1),
       off_list = true,
       deletions = c.deletions + 1,
       ${TOUCH}
     from messages top
     left join messages below on below.community_key = top.community_key
       and below.conversation_key = top.conversation_key and below.position = top.position - 1
     where top.community_key = $1 and top.id = $2::uuid
       and c.community_key = $1
       and c.low_key = least(top.sender_key, top.recipient_key)
       and c.high_key = greatest(top.sender_key, top.recipient_key)
       and c.last_message_id = $2::uuid and not c.blocked
     returning c.*
   ), removed as (
     delete from messages m using shortened
     where m.community_key = $1 and m.conversation_key = shortened.key and m.position = shortened.last_position + 1
   ), remembered as (
     insert into deleted_messages (community_key, id) select community_key, $2::uuid from shortened
   ), inbox as (
     insert into inboxes as i (community_key, user_key, listed)
     select community_key, user_key, -was_listed::integer
     from shortened cross join lateral (values (low_key), (high_key)) as p (user_key) order by user_key
     on conflict (community_key, user_key) do update set listed = i.listed + excluded.listed, version = i.version + 1
   ), told as (
     insert into outbox (kind, message_id, position, ${TOLD})
     select 'message.deleted', $2::uuid, last_position, ${TOLD_OF} from shortened
   )
   select last_position as total from shortened`,
)

/** Takes the last message off its conversation. @returns false when it is not the last one any more, or is hidden. */
export async function deleteLastMessage(
  db: Queryable,
  communityKey: number,
  messageId: string,
): Promise<boolean> {
  const rows = await db.query(deleteLast, [communityKey, messageId])
  return rows.length === 1
}
