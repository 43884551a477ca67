import type { PairFacts } from '../domain/pair.ts'
import { TOLD, TOLD_OF, TOUCH } from './changes.ts'
import type { Queryable } from './db.ts'
import { PAIR_COLUMNS, PAIR_JOINS } from './pair.ts'
import { sql } from './sql.ts'

/** Which part of a thread. Positions are dense, so each of these is one range of the index. */
export type Span =
  | { readonly kind: 'page'; readonly page: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'before' | 'after'; readonly messageId: string }

export interface ThreadRequest {
  readonly callerId: string
  readonly communityId: string
  readonly otherId: string
  readonly limit: number
  readonly span: Span
}

/** One message as the statement's JSON gives it. */
export type ThreadRow = readonly [id: string, content: string, createdAt: string, sentByCaller: boolean]

export interface ThreadFacts extends PairFacts {
  /** The position of the last message, which is how many there are. */
  readonly total: number
  /** The first and the last position of the span that was asked for; null when its message is not in the thread. */
  readonly first: number | null
  readonly last: number | null
  readonly rows: readonly ThreadRow[] | null
}

// `offset 0` keeps the conversation out of the search for the message: with it, the planner walked through all of a thread of
// 250,000 messages by its positions (60 ms), to find the one that has the id.
const anchorBy = (parameter: string) =>
  `select m.position, m.conversation_key from messages m where m.community_key = community.key and m.id = ${parameter}::uuid offset 0`

const read = sql<ThreadFacts>(
  'threads.read',
  `select ${PAIR_COLUMNS}, coalesce(conversation.last_position, 0) as total, span.first, span.last, page.rows
   from (values ($1::text, $2::text, $3::text)) as request (caller_id, community_id, other_id)
   ${PAIR_JOINS}
   left join lateral (${anchorBy('$7')}) as anchor on anchor.conversation_key = conversation.key
   cross join lateral (
     select case $4::text
         when 'page' then ($5::bigint - 1) * $6::bigint + 1
         when 'last' then greatest(conversation.last_position - 1, 0) / $6::bigint * $6::bigint + 1
         when 'before' then anchor.position - least($6::bigint, anchor.position - 1)
         when 'after' then anchor.position + 1::bigint
       end as first,
       case $4::text
         when 'page' then $5::bigint * $6::bigint
         when 'last' then conversation.last_position
         when 'before' then anchor.position - 1::bigint
         when 'after' then anchor.position + $6::bigint
       end as last
   ) as span
   left join lateral (
     select json_agg(json_build_array(m.id, m.content, m.created_at, m.sender_key = caller.key)) as rows
     from (
       select * from messages m
       where m.community_key = community.key and m.conversation_key = conversation.key
         and m.position >= span.first and m.position <= span.last
       order by m.position
     ) as m
   ) as page on true`,
)

/** A part of a thread with the facts of its two people, all from one snapshot. */
export async function readThread(db: Queryable, request: ThreadRequest): Promise<ThreadFacts> {
  const { span } = request
  const [facts] = await db.query(read, [
    request.callerId,
    request.communityId,
    request.otherId,
    span.kind,
    span.kind === 'page' ? span.page : null,
    request.limit,
    'messageId' in span ? span.messageId : null,
  ])
  return facts as ThreadFacts
}

/** How far the two have read: positions, 0 where nothing was read, with the messages that are there. */
export interface MarkFacts extends PairFacts {
  readonly total: number
  readonly mine: number
  readonly others: number
  readonly myId: string | null
  readonly othersId: string | null
}

// `offset 0` as above: joined, the planner read all of a thread of 250,000 messages (0.3 s), to find the one that is at the position.
const messageAt = (position: string) =>
  `select m.id from messages m where m.community_key = community.key and m.conversation_key = conversation.key
     and m.position = ${position} offset 0`

// A deletion takes the marks along (`low_read <= last_position` is checked), so a mark's message is there.
const marks = sql<MarkFacts>(
  'threads.marks',
  `select ${PAIR_COLUMNS}, coalesce(conversation.last_position, 0) as total, coalesce(mark.mine, 0) as mine,
     coalesce(mark.others, 0) as others, my.id as "myId", theirs.id as "othersId"
   from (values ($1::text, $2::text, $3::text)) as request (caller_id, community_id, other_id)
   ${PAIR_JOINS}
   cross join lateral (
     select case when conversation.low_key = caller.key then low_read else high_read end as mine,
       case when conversation.low_key = caller.key then high_read else low_read end as others
   ) as mark
   left join lateral (${messageAt('mark.mine')}) as my on true
   left join lateral (${messageAt('mark.others')}) as theirs on true`,
)

/** How far the caller and the other have read their thread, from one snapshot. */
export async function readMarks(
  db: Queryable,
  request: { callerId: string; communityId: string; otherId: string },
): Promise<MarkFacts> {
  const [facts] = await db.query(marks, [request.callerId, request.communityId, request.otherId])
  return facts as MarkFacts
}

/** The facts of marking a thread read up to a message. */
export interface ReadFacts extends PairFacts {
  readonly total: number
  /** The message's position; null when it is not in the thread. */
  readonly anchor: number | null
}

const readFacts = sql<ReadFacts>(
  'threads.facts',
  `select ${PAIR_COLUMNS}, coalesce(conversation.last_position, 0) as total, anchor.position as anchor
   from (values ($1::text, $2::text, $3::text)) as request (caller_id, community_id, other_id)
   ${PAIR_JOINS}
   left join lateral (${anchorBy('$4')}) as anchor on anchor.conversation_key = conversation.key`,
)

export async function factsOfRead(
  db: Queryable,
  request: { callerId: string; communityId: string; otherId: string; messageId: string | null },
): Promise<ReadFacts> {
  const [facts] = await db.query(readFacts, [
    request.callerId,
    request.communityId,
    request.otherId,
    request.messageId,
  ])
  return facts as ReadFacts
}

// The statement waits for the row's lock with a snapshot from before. If the message was deleted meanwhile and another took
// its position, `deletions` has moved on from what the snapshot saw, and nothing is marked. What is read already is not written
// again, and not told, since clients repeat themselves and a send of the reader's own may have come while this waited.
const markRead = sql<{ unread: number }>(
  'threads.mark_read',
  `with m as materialized (
     select position, conversation_key from messages where community_key = $1 and id = $4::uuid
   ), read as (
     select key, last_position, case when low_key = $2 then low_read else high_read end as mine from conversations
     where community_key = $1 and low_key = least($2, $3::bigint) and high_key = greatest($2, $3::bigint) and not blocked
   ), marked as (
     update conversations c set
       low_read = case when c.low_key = $2 then greatest(c.low_read, m.position) else c.low_read end,
       high_read = case when c.high_key = $2 then greatest(c.high_read, m.position) else c.high_read end,
       ${TOUCH}
     from conversations seen, m
     where c.community_key = $1 and c.low_key = least($2, $3::bigint) and c.high_key = greatest($2, $3::bigint)
       and seen.community_key = c.community_key and seen.low_key = c.low_key and seen.high_key = c.high_key
       and m.conversation_key = seen.key
       and m.position > case when c.low_key = $2 then c.low_read else c.high_read end
       and c.deletions = seen.deletions and not c.blocked
     returning c.*
   ), inbox as (
     update inboxes i set version = i.version + 1 from marked where i.community_key = marked.community_key and i.user_key = $2
   ), told as (
     insert into outbox (kind, message_id, position, user_key, ${TOLD})
     select 'conversation.read', $4::uuid, case when low_key = $2 then low_read else high_read end, $2, ${TOLD_OF}
     from marked
   )
   select last_position - case when low_key = $2 then low_read else high_read end as unread from marked
   union all
   select read.last_position - read.mine from read join m on m.conversation_key = read.key and m.position <= read.mine`,
)

/**
 * Marks the thread read by one of its two people, up to and with a message; never backwards.
 * @returns how many are unread now; null when the message or the permission has gone since the facts were read.
 */
export async function markThreadRead(
  db: Queryable,
  mark: { communityKey: number; readerKey: number; otherKey: number; messageId: string },
): Promise<number | null> {
  const [row] = await db.query(markRead, [mark.communityKey, mark.readerKey, mark.otherKey, mark.messageId])
  return row?.unread ?? null
}
