import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

export interface ImportedKey {
  readonly communityId: string
  readonly senderId: string
  readonly key: string
  readonly messageId: string
}

export interface ImportedKeyRow {
  readonly communityExists: boolean
  readonly senderExists: boolean
  readonly stored: boolean
}

// An erased person's keys are forgotten, and stay so. In order, as sends take these locks.
const insert = sql<ImportedKeyRow>(
  'import.keys',
  `with line as (
     select l.*, c.key as community_key, u.key as sender_key, u.erased_at
     from unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) with ordinality
       as l (community_id, sender_id, idempotency_key, message_id, ord)
     left join communities c on c.id = l.community_id
     left join users u on u.id = l.sender_id
   ), made as (
     insert into idempotency_keys (community_key, sender_key, idempotency_key, message_id)
     select community_key, sender_key, idempotency_key, message_id from line
     where community_key is not null and sender_key is not null and erased_at is null
     order by community_key, sender_key, idempotency_key, ord
     on conflict (community_key, sender_key, idempotency_key) do nothing
     returning community_key, sender_key, idempotency_key, message_id
   )
   select line.community_key is not null as "communityExists", line.sender_key is not null as "senderExists",
     made.message_id is not null as stored
   from line left join made using (community_key, sender_key, idempotency_key, message_id)
   order by line.ord`,
)

/** Stores idempotency keys that are not there yet. @returns a row for each, in order */
export function importKeys(tx: Queryable, keys: readonly ImportedKey[]): Promise<ImportedKeyRow[]> {
  return tx.query(insert, [
    keys.map((one) => one.communityId),
    keys.map((one) => one.senderId),
    keys.map((one) => one.key),
    keys.map((one) => one.messageId),
  ])
}
