import type { Channel } from '../domain/delivery.ts'
import type { Queryable } from './db.ts'
import type { DeviceRecords, Reason, State } from './notifications.ts'
import { sql } from './sql.ts'

/** What became of a notification, for the operator. */
export interface NotificationRecord {
  readonly messageId: string
  readonly channel: Channel
  readonly communityId: string
  readonly recipientId: string
  readonly state: State
  readonly reason: Reason | null
  readonly dueAt: string
  readonly attempts: number
  readonly error: string | null
  readonly devices: DeviceRecords | null
  readonly settledAt: string | null
}

const RECORD = `n.message_id as "messageId", n.channel, community.id as "communityId", recipient.id as "recipientId", n.state, n.reason,
  n.due_at as "dueAt", n.attempts, n.error, n.devices, n.settled_at as "settledAt"`
const PEOPLE = `join communities community on community.key = n.community_key
  join users recipient on recipient.key = n.recipient_key`

// A message that the relay has not come to yet is in the outbox, and one that the queue has not come to in a batch: it waits in both
// channels.
const ofMessage = sql<NotificationRecord>(
  'notification_records.of_message',
  `select ${RECORD} from notifications n ${PEOPLE} where n.message_id = $1::uuid
   union all
   select $1::uuid, channel, community.id, recipient.id, 'waiting', null, o.created_at, 0, null, null, null
   from (
     select community_key, user_key, created_at from outbox where kind = 'message.created' and message_id = $1::uuid
     union all
     select ref."communityKey", ref."userKey", b.created_at from notification_batches b
     cross join lateral jsonb_to_recordset(b.refs)
       as ref (kind text, "messageId" uuid, "communityKey" bigint, "userKey" bigint)
     where ref.kind = 'message.created' and ref."messageId" = $1::uuid
   ) as o
   cross join unnest(array['email', 'push']) as channel
   join communities community on community.key = o.community_key
   join users recipient on recipient.key = o.user_key
   order by 2`,
)

/** What became of a message's notifications, a channel each; empty for a message of which nothing is known (any more). */
export function notificationsOfMessage(db: Queryable, messageId: string): Promise<NotificationRecord[]> {
  return db.query(ofMessage, [messageId])
}

const failed = sql<NotificationRecord>(
  'notification_records.failed',
  `select ${RECORD} from notifications n ${PEOPLE} where n.state = 'failed' order by n.settled_at desc limit $1`,
)

/** Those that were given up, the newest first. */
export function failedNotifications(db: Queryable, limit: number): Promise<NotificationRecord[]> {
  return db.query(failed, [limit])
}

// Devices that have it keep it: only those that failed are tried again.
const retry = sql<{ messageId: string }>(
  'notification_records.retry',
  `update notifications n set state = 'waiting', reason = null, due_at = now(), attempts = 0, first_tried_at = null,
     settled_at = null, devices = (
       select jsonb_object_agg(key, value) from jsonb_each(n.devices) where not value ? 'error'
     )
   from (
     select message_id, channel from notifications
     where state = 'failed' and ($1::uuid is null or message_id = $1)
     order by settled_at limit $2 for update skip locked
   ) as f
   where n.message_id = f.message_id and n.channel = f.channel
   returning n.message_id as "messageId"`,
)

/**
 * Has failed notifications tried again.
 * @param messageId of one message; null: any
 * @returns how many, `limit` at the most
 */
export async function retryFailed(db: Queryable, messageId: string | null, limit: number): Promise<number> {
  return (await db.query(retry, [messageId, limit])).length
}

// By the ids' own time (UUIDv7), which is the primary key's order. What still waits is never swept.
const sweep = sql<{ swept: number }>(
  'notification_records.sweep',
  `with swept as (
     delete from notifications where (message_id, channel) in (
       select message_id, channel from notifications
       where message_id < $1::uuid and state <> 'waiting' order by message_id limit $2 for update skip locked)
     returning 1
   )
   select count(*) as swept from swept`,
)

/** Removes records of messages with ids below `before`. @returns how many, `limit` at the most */
export async function sweepNotifications(db: Queryable, before: string, limit: number): Promise<number> {
  const [row] = await db.query(sweep, [before, limit])
  return row?.swept ?? 0
}

const backlog = sql<{ channel: Channel; waiting: number; failed: number; late: number }>(
  'notification_records.backlog',
  `select channel, count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'failed') as failed,
     coalesce(greatest(extract(epoch from now() - min(due_at) filter (where state = 'waiting')), 0), 0)::double precision as late
   from notifications where state = 'waiting' or state = 'failed' group by channel`,
)

/** How much waits and has failed in each channel, and for how many seconds the longest of them has been due. */
export function notificationBacklog(
  db: Queryable,
): Promise<{ channel: Channel; waiting: number; failed: number; late: number }[]> {
  return db.query(backlog)
}
