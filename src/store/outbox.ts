import { microseconds } from './changes.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** What a transaction changed, of a conversation unless it is said otherwise. */
export const OUTBOX_KINDS = [
  'message.created',
  'message.deleted',
  'conversation.read',
  'conversation.hidden',
  'conversation.shown',
  'conversation.updated',
  /** Of a whole community: streams start over. */
  'community.reset',
  /** Of one person: their streams end. */
  'user.erased',
] as const
export type OutboxKind = (typeof OUTBOX_KINDS)[number]

export interface OutboxRow {
  readonly kind: OutboxKind
  /** The keys are 0 where it is not about a conversation. */
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  readonly messageId: string | null
  /** Of the message, up to where was read, or how many messages are left. */
  readonly position: number | null
  /** The recipient of a message, the reader of a thread, who was erased. Null in rows of versions before. */
  readonly userKey: number | null
  readonly conversationId: string | null
  /** Which change of the conversation it was: they count 1, 2, 3 … Null where it is not about one. */
  readonly change: number | null
  /** When, by the database's clock, in microseconds since 1970; later than every change of the conversation before it. */
  readonly changedAt: number | null
  /** When the change before it was made; null for the first. */
  readonly previousAt: number | null
}

/** The two people of the conversation that a row is about. */
export const usersOfRow = ({ lowKey, highKey }: OutboxRow): readonly number[] => [lowKey, highKey]

const ROW = `kind, community_key as "communityKey", low_key as "lowKey", high_key as "highKey", message_id as "messageId", position,
     user_key as "userKey", conversation_id as "conversationId", change, ${microseconds('changed_at')} as "changedAt",
     ${microseconds('previous_at')} as "previousAt"`

// `skip locked`: several servers' relays take different rows and never wait for each other. An array, since with `in` the planner
// reads the whole table to find the few. The transaction does not wait for the disk when it commits: a crash of the database that loses
// it brings the rows back, and all of it is done again; what comes after it in the log is lost with it.
const take = sql<OutboxRow>(
  'outbox.take',
  `with taken as (
     delete from outbox where key = any (array(select key from outbox order by key limit $1 for update skip locked))
     returning *
   ) select ${ROW} from taken cross join (select set_config('synchronous_commit', 'off', true)) as relaxed order by key`,
)

/** Takes the oldest rows away, in a transaction that does what they are there for. In the order in which they were written. */
export function takeFromOutbox(tx: Queryable, limit: number): Promise<OutboxRow[]> {
  return tx.query(take, [limit])
}

const keep = sql<never>(
  'outbox.keep_batch',
  'insert into notification_batches (refs, size) values ($1::jsonb, $2)',
)
// In a rush the relay's batches are small, and what follows costs by the transaction: as many of them as make about a thousand.
const takeOldest = sql<{ refs: NotifyingRow[] }>(
  'outbox.take_batches',
  `with oldest as (
     select key, size from notification_batches order by key limit 200 for update skip locked
   ), chosen as (
     select key from (select key, sum(size) over (order by key) - size as before from oldest) as o where before < $1
   )
   delete from notification_batches b using chosen where b.key = chosen.key returning b.refs`,
)

/** What notifications are made of. */
export type NotifyingRow = Pick<
  OutboxRow,
  'kind' | 'communityKey' | 'lowKey' | 'highKey' | 'messageId' | 'position' | 'userKey'
>

/** Keeps those of the rows that are still to become notifications, or to withdraw some: many in one. */
export async function keepBatch(tx: Queryable, rows: readonly OutboxRow[]): Promise<void> {
  const kept = rows
    .filter(({ kind }) => kind === 'message.created' || kind === 'conversation.read')
    .map(({ kind, communityKey, lowKey, highKey, messageId, position, userKey }): NotifyingRow => {
      return { kind, communityKey, lowKey, highKey, messageId, position, userKey }
    })
  if (kept.length > 0) await tx.query(keep, [JSON.stringify(kept), kept.length])
}

/** Takes the oldest of them away, in a transaction that makes notifications of them: not many more than `most`. In no order. */
export async function takeBatches(tx: Queryable, most: number): Promise<NotifyingRow[]> {
  const batches = await tx.query(takeOldest, [most])
  return batches.flatMap(({ refs }) => refs)
}

const notify = sql<never>('outbox.notify', 'select pg_notify($1, payload) from unnest($2::text[]) as payload')

/** Tells all who listen on the channel, when the transaction commits. @param payloads less than 8,000 bytes each */
export async function notifyServers(
  db: Queryable,
  channel: string,
  payloads: readonly string[],
): Promise<void> {
  if (payloads.length > 0) await db.query(notify, [channel, payloads])
}
