import type { Channel } from '../domain/delivery.ts'
import type { Gather, SkipReason } from '../domain/notification.ts'
import type { Db, Queryable } from './db.ts'
import type { NotificationRef } from './notification-facts.ts'
import { sql } from './sql.ts'

export type State = 'waiting' | 'sent' | 'skipped' | 'failed'

/** Why a notification was skipped, or what it waits for. */
export type Reason = SkipReason | 'email_delay' | 'quiet_hours' | 'retry'

/** What came of one device, by its id, in epoch seconds: it is left out of a retry. */
export type DeviceRecord = { readonly at: number; readonly error?: string }
export type DeviceRecords = Readonly<Record<string, DeviceRecord>>

/** A new notification. */
export interface NewNotification extends NotificationRef {
  readonly channel: Channel
  readonly recipientKey: number
  readonly state: 'waiting' | 'skipped'
  readonly reason: Reason | null
  readonly gather: Gather
  /** Epoch milliseconds; null: now. */
  readonly dueAt: number | null
}

/** A notification that a worker has on lease. */
export interface LeasedNotification extends NotificationRef {
  readonly channel: Channel
  readonly recipientKey: number
  readonly gather: Gather
  readonly attempts: number
  /** Epoch milliseconds; null: not tried yet. */
  readonly firstTriedAt: number | null
  readonly devices: DeviceRecords
}

/** What came of a leased notification. It is the worker's no longer. */
export interface Settlement {
  readonly messageId: string
  readonly channel: Channel
  readonly state: State
  readonly reason: Reason | null
  /** Of one that waits on. */
  readonly gather: Gather
  /** Epoch milliseconds; of one that waits on. */
  readonly dueAt: number | null
  /** Whether its service was asked. */
  readonly tried: boolean
  readonly error: string | null
  readonly devices: DeviceRecords | null
}

const insert = sql<never>(
  'notifications.insert',
  `insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, reason,
     gather, due_at, settled_at)
   select n.message_id, n.channel, n.community_key, n.low_key, n.high_key, n.recipient_key, n.position, n.state, n.reason,
     n.gather, coalesce(to_timestamp(n.due_at / 1000), now()), case when n.state <> 'waiting' then now() end
   from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::integer[], $8::text[],
     $9::text[], $10::text[], $11::double precision[])
     as n (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, reason, gather, due_at)
   on conflict do nothing`,
)

export async function insertNotifications(db: Queryable, rows: readonly NewNotification[]): Promise<void> {
  if (rows.length === 0) return
  await db.query(insert, [
    rows.map((row) => row.messageId),
    rows.map((row) => row.channel),
    rows.map((row) => row.communityKey),
    rows.map((row) => row.lowKey),
    rows.map((row) => row.highKey),
    rows.map((row) => row.recipientKey),
    rows.map((row) => row.position),
    rows.map((row) => row.state),
    rows.map((row) => row.reason),
    rows.map((row) => row.gather),
    rows.map((row) => row.dueAt),
  ])
}

/** A thread that somebody has read up to a position. */
export interface ReadThread {
  readonly readerKey: number
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  readonly position: number
}

// What a worker has on lease is judged by the worker, at the moment of sending. In the order of ids, as everybody who locks several.
const withdraw = sql<never>(
  'notifications.withdraw',
  `update notifications n set state = 'skipped', reason = 'read', settled_at = now()
   from (
     select w.message_id, w.channel
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::integer[])
       as r (reader_key, community_key, low_key, high_key, position)
     join notifications w on w.recipient_key = r.reader_key and w.community_key = r.community_key and w.low_key = r.low_key
       and w.high_key = r.high_key and w.state = 'waiting' and w.worker_key is null and w.position <= r.position
     order by w.message_id, w.channel for update of w skip locked
   ) as read
   where n.message_id = read.message_id and n.channel = read.channel`,
)

/** Withdraws what still waits to be told of messages that have been read. */
export async function withdrawRead(db: Queryable, threads: readonly ReadThread[]): Promise<void> {
  if (threads.length === 0) return
  await db.query(withdraw, [
    threads.map((thread) => thread.readerKey),
    threads.map((thread) => thread.communityKey),
    threads.map((thread) => thread.lowKey),
    threads.map((thread) => thread.highKey),
    threads.map((thread) => thread.position),
  ])
}

/**
 * Of rows that are looked up by their primary key. Written so that the partial indexes of what waits are no choice: on a table that
 * was never analyzed the planner took one of them, and walked all of it for each row (20,000 waiting: over 3 s).
 */
export const STILL_WAITING = `n.state || '' = 'waiting'`

// One claim at a time in the whole installation: two at once would take apart what has to go out together.
const lockClaims = sql<never>('notifications.lock_claims', `select pg_advisory_xact_lock(7683465)`)

// `order by worker_key`: it is null in all of them, but only so does the planner see that the index has the order, instead of
// sorting everything that is due for each claim.
const claim = sql<LeasedNotification>(
  'notifications.claim',
  `with due as materialized (
     select message_id, gather, recipient_key, community_key, low_key, high_key from notifications
     where channel = $1 and state = 'waiting' and worker_key is null and due_at <= now()
     order by worker_key, due_at limit $3
   ), together as (
     select distinct gather, recipient_key,
       case when gather = 'conversation' then community_key end as community_key,
       case when gather = 'conversation' then low_key end as low_key,
       case when gather = 'conversation' then high_key end as high_key
     from due where gather <> 'none'
   ), taken as (
     select message_id from due
     union
     select n.message_id from together t
     join notifications n on n.recipient_key = t.recipient_key and n.channel = $1 and n.state = 'waiting'
       and n.worker_key is null and n.gather = t.gather
       and (t.gather = 'recipient'
         or (n.community_key = t.community_key and n.low_key = t.low_key and n.high_key = t.high_key))
   )
   update notifications n set worker_key = $2 from taken
   where n.message_id = taken.message_id and n.channel = $1 and ${STILL_WAITING} and n.worker_key is null
   returning n.message_id as "messageId", n.channel, n.community_key as "communityKey", n.low_key as "lowKey",
     n.high_key as "highKey", n.recipient_key as "recipientKey", n.position, n.gather, n.attempts,
     extract(epoch from n.first_tried_at)::double precision * 1000 as "firstTriedAt", coalesce(n.devices, '{}') as devices`,
)

/**
 * Leases what is due to a worker, and with it whatever has to go out together with that.
 * @param limit of those that are due
 */
export function claimNotifications(
  db: Db,
  channel: Channel,
  workerKey: number,
  limit: number,
): Promise<LeasedNotification[]> {
  return db.transaction(async (tx) => {
    await tx.query(lockClaims)
    return tx.query(claim, [channel, workerKey, limit])
  })
}

const settle = sql<{ messageId: string }>(
  'notifications.settle',
  `update notifications n set worker_key = null, state = s.state, reason = s.reason,
     gather = case when s.state = 'waiting' then s.gather else n.gather end,
     due_at = coalesce(to_timestamp(s.due_at / 1000), n.due_at),
     attempts = n.attempts + s.tried::integer,
     first_tried_at = coalesce(n.first_tried_at, case when s.tried then now() end),
     error = coalesce(s.error, case when s.state = 'waiting' then n.error end),
     devices = coalesce(s.devices, n.devices),
     settled_at = case when s.state <> 'waiting' then now() end
   from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::double precision[], $8::boolean[], $9::text[],
     $10::jsonb[]) as s (message_id, channel, state, reason, gather, due_at, tried, error, devices)
   where n.message_id = s.message_id and n.channel = s.channel and n.worker_key = $1
   returning n.message_id as "messageId"`,
)

/**
 * Records what came of leased notifications, and gives them back.
 * @returns how many were still the worker's; the others had been taken from it, and may be sent again by another
 */
export async function settleNotifications(
  db: Queryable,
  workerKey: number,
  settlements: readonly Settlement[],
): Promise<number> {
  const rows = await db.query(settle, [
    workerKey,
    settlements.map((one) => one.messageId),
    settlements.map((one) => one.channel),
    settlements.map((one) => one.state),
    settlements.map((one) => one.reason),
    settlements.map((one) => one.gather),
    settlements.map((one) => one.dueAt),
    settlements.map((one) => one.tried),
    settlements.map((one) => one.error),
    settlements.map((one) => (one.devices === null ? null : JSON.stringify(one.devices))),
  ])
  return rows.length
}
