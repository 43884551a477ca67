import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** What a transaction changed. */
export interface OutboxRow {
  readonly kind:
    | 'message.created'
    | 'message.deleted'
    | 'conversation.read'
    | 'conversation.hidden'
    | 'conversation.shown'
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  readonly messageId: string | null
  /** Of the message, or up to where was read. */
  readonly position: number | null
  /** The recipient of a message, the reader of a thread. Null in rows of versions before. */
  readonly userKey: number | null
}

// `skip locked`: several servers' relays take different rows and never wait for each other. An array, since with `in` the planner
// reads the whole table to find the few.
const take = sql<OutboxRow>(
  'outbox.take',
  `delete from outbox where key = any (array(select key from outbox order by key limit $1 for update skip locked))
   returning kind, community_key as "communityKey", low_key as "lowKey", high_key as "highKey", message_id as "messageId",
     position, user_key as "userKey"`,
)

/** Takes the oldest rows away, in a transaction that does what they are there for. In no order. */
export function takeFromOutbox(tx: Queryable, limit: number): Promise<OutboxRow[]> {
  return tx.query(take, [limit])
}
