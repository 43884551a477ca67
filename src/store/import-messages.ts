import { AFTER_THE_LAST_CHANGE, CHANGED_AT, TOLD, TOLD_OF } from './changes.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

export interface ImportPerson {
  readonly communityKey: number
  readonly userId: string
}

/** What the rules need to know of somebody whose message is imported: domain/history.ts. */
export interface ImportPersonFacts {
  readonly key: number
  readonly erased: boolean
  /** Is or was the community's creator. */
  readonly leads: boolean
  readonly isMember: boolean
}

const people = sql<ImportPersonFacts & { ord: number }>(
  'import.people',
  `select ord::integer as ord, u.key, u.erased_at is not null as erased,
     u.key = c.creator_key or u.key = any (c.past_creator_keys) as leads, m.user_key is not null as "isMember"
   from unnest($1::bigint[], $2::text[]) with ordinality as line (community_key, user_id, ord)
   join communities c on c.key = line.community_key
   join users u on u.id = line.user_id
   left join members m on m.community_key = line.community_key and m.user_key = u.key`,
)

/** The facts of each of the people, in order; undefined for somebody the host never told of. */
export async function factsOfPeople(
  db: Queryable,
  asked: readonly ImportPerson[],
): Promise<(ImportPersonFacts | undefined)[]> {
  const rows = await db.query(people, [asked.map((one) => one.communityKey), asked.map((one) => one.userId)])
  const byOrd = new Map(rows.map((row) => [row.ord, row]))
  return asked.map((_, i) => byOrd.get(i + 1))
}

// One probe of an index for each id: as `exists (…) or exists (…)`, PostgreSQL read both tables whole for each batch, which made
// an import of 200,000 messages four times slower.
const known = sql<{ ord: number }>(
  'import.known_messages',
  `select ord::integer as ord
   from unnest($1::bigint[], $2::uuid[]) with ordinality as line (community_key, id, ord)
   cross join lateral (
     (select from messages m where m.community_key = line.community_key and m.id = line.id limit 1)
     union all
     (select from deleted_messages d where d.community_key = line.community_key and d.id = line.id limit 1)
   ) as found`,
)

/** Which of the messages are there already, or have been deleted since: their indexes. */
export async function knownMessages(
  db: Queryable,
  ids: readonly { communityKey: number; id: string }[],
): Promise<ReadonlySet<number>> {
  const rows = await db.query(known, [ids.map((one) => one.communityKey), ids.map((one) => one.id)])
  return new Set(rows.map((row) => row.ord - 1))
}

/** Messages of one conversation, to be laid on top of it. Ranks count from 1 within them. */
export interface Stack {
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  /** The conversation's id if it has no message yet. */
  readonly conversationId: string
  readonly messages: readonly StackedMessage[]
  readonly low: ReadMark
  readonly high: ReadMark
  readonly activeAt: string
  readonly offList: boolean
}

export interface StackedMessage {
  readonly id: string
  readonly senderKey: number
  readonly content: string
  readonly createdAt: string
}

export interface ReadMark {
  /** How many of the messages are read. */
  readonly rank: number
  /** They are read whatever was unread before them. Otherwise they are only when nothing was. */
  readonly jumps: boolean
}

// As sends.write: the upsert takes the conversations' locks, in key order, before the inboxes'. A conversation's own key is drawn
// in the order of the stacks, since equal times are listed by it. The row of a conversation that has no messages (all deleted, or
// made for a block) counts as a new one. The community's lock keeps the blocks still while they are looked at.
const write = sql<{ made: number }>(
  'import.messages',
  `with stack as (
     select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::uuid[], $7::bigint[],
         $8::integer[], $9::boolean[], $10::integer[], $11::boolean[], $12::timestamptz[], $13::boolean[]) with ordinality
       as s (community_key, low_key, high_key, conversation_id, size, last_message_id, last_sender_key, low_rank, low_jumps,
         high_rank, high_jumps, active_at, off_list, n)
   ), keyed as materialized (
     select s.*, nextval(pg_get_serial_sequence('conversations', 'key')::regclass) as key, exists (
         select from members m where m.community_key = s.community_key and m.user_key in (low_key, high_key) and m.blocked
       ) as blocked
     from (select * from stack order by n) as s
   ), conversation as (
     insert into conversations as c (community_key, low_key, high_key, key, id, last_position, last_message_id,
       last_sender_key, low_read, high_read, active_at, off_list, blocked, touched_at, changes)
     overriding system value
     select community_key, low_key, high_key, key, conversation_id, size, last_message_id, last_sender_key, low_rank, high_rank,
       active_at, off_list, blocked, greatest(statement_timestamp(), active_at), 1
     from keyed order by community_key, low_key, high_key
     on conflict (community_key, low_key, high_key) do update set
       id = case when c.last_position = 0 then excluded.id else c.id end,
       last_position = c.last_position + excluded.last_position,
       last_message_id = excluded.last_message_id,
       last_sender_key = excluded.last_sender_key,
       low_read = case
         when c.low_read = c.last_position or (c.community_key, c.low_key, c.high_key) in (
           select community_key, low_key, high_key from stack where low_jumps)
         then c.last_position + excluded.low_read else c.low_read end,
       high_read = case
         when c.high_read = c.last_position or (c.community_key, c.low_key, c.high_key) in (
           select community_key, low_key, high_key from stack where high_jumps)
         then c.last_position + excluded.high_read else c.high_read end,
       active_at = case when c.last_position = 0 then excluded.active_at else greatest(c.active_at, excluded.active_at) end,
       off_list = excluded.off_list,
       changes = c.changes + 1,
       was_changed_at = ${CHANGED_AT},
       touched_at = greatest(statement_timestamp(), excluded.active_at, ${AFTER_THE_LAST_CHANGE}),
       was_listed = c.listed
     returning c.*
   ), top as (
     select stack.n, community_key, low_key, high_key, conversation.key, conversation.last_position - stack.size as below
     from stack join conversation using (community_key, low_key, high_key)
   ), message as (
     insert into messages (community_key, conversation_key, sender_key, recipient_key, created_at, id, position, content)
     select community_key, top.key, sender_key, low_key + high_key - sender_key, created_at, id, below + rank, content
     from unnest($14::bigint[], $15::integer[], $16::bigint[], $17::timestamptz[], $18::uuid[], $19::text[])
       as line (n, rank, sender_key, created_at, id, content)
     join top using (n)
   ), inbox as (
     insert into inboxes as i (community_key, user_key, listed)
     select community_key, user_key, sum(listed::integer - was_listed::integer)
     from conversation cross join lateral (values (low_key), (high_key)) as participant (user_key)
     group by community_key, user_key order by community_key, user_key
     on conflict (community_key, user_key) do update set listed = i.listed + excluded.listed, version = i.version + 1
   ), told as (
     insert into outbox (kind, ${TOLD}) select 'conversation.updated', ${TOLD_OF} from conversation
   )
   select count(*) as made from top where below = 0`,
)

/** Lays each stack on top of its conversation; one stack for each. @returns how many conversations came into being */
export async function writeStacks(tx: Queryable, stacks: readonly Stack[]): Promise<number> {
  const lines = stacks.flatMap(({ messages }, s) =>
    messages.map((message, i) => ({ ...message, n: s + 1, rank: i + 1 })),
  )
  const last = stacks.map(({ messages }) => messages.at(-1) as StackedMessage)
  const [row] = await tx.query(write, [
    stacks.map((stack) => stack.communityKey),
    stacks.map((stack) => stack.lowKey),
    stacks.map((stack) => stack.highKey),
    stacks.map((stack) => stack.conversationId),
    stacks.map((stack) => stack.messages.length),
    last.map((message) => message.id),
    last.map((message) => message.senderKey),
    stacks.map((stack) => stack.low.rank),
    stacks.map((stack) => stack.low.jumps),
    stacks.map((stack) => stack.high.rank),
    stacks.map((stack) => stack.high.jumps),
    stacks.map((stack) => stack.activeAt),
    stacks.map((stack) => stack.offList),
    lines.map((line) => line.n),
    lines.map((line) => line.rank),
    lines.map((line) => line.senderKey),
    lines.map((line) => line.createdAt),
    lines.map((line) => line.id),
    lines.map((line) => line.content),
  ])
  return row?.made ?? 0
}
