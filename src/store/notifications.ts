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
  readonly recipientKey: number
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

/** Stores new notifications; those that are there already stay as they are. */
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

/** A thread in which somebody has read on. */
export interface ReadThread {
  readonly readerKey: number
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
}

// By how far the reader has read now, not when the event was written: the position of a message that was read, and then deleted, may be
// another message's by now. What a worker has on lease is judged by the worker. `offset 0` has each thread looked up by itself: on a
// table that was never analyzed the planner walked everything that waits (100,000 waiting, 50 threads: over 3 s).
const withdraw = sql<never>(
  'notifications.withdraw',
  `update notifications n set state = 'skipped', reason = 'read', settled_at = now()
   from (
     select waiting.message_id, waiting.channel
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
       as r (reader_key, community_key, low_key, high_key)
     join conversations c on c.community_key = r.community_key and c.low_key = r.low_key and c.high_key = r.high_key
     cross join lateral (
       select w.message_id, w.channel from notifications w
       where w.recipient_key = r.reader_key and w.community_key = r.community_key and w.low_key = r.low_key
         and w.high_key = r.high_key and w.state = 'waiting' and w.worker_key is null
         and w.position <= case when r.reader_key = c.low_key then c.low_read else c.high_read end
       offset 0 for update skip locked
     ) as waiting
   ) as read
   where n.message_id = read.message_id and n.channel = read.channel`,
)

/** Withdraws what still waits to be told of messages that have been read (CONTRACT §5). */
export async function withdrawRead(db: Queryable, threads: readonly ReadThread[]): Promise<void> {
  if (threads.length === 0) return
  await db.query(withdraw, [
    threads.map((thread) => thread.readerKey),
    threads.map((thread) => thread.communityKey),
    threads.map((thread) => thread.lowKey),
    threads.map((thread) => thread.highKey),
  ])
}

/**
 * Of rows that are looked up by their primary key. Written so that the partial indexes of what waits are no choice: on a table that
 * was never analyzed the planner took one of them, and walked all of it for each row (20,000 waiting: over 3 s).
 */
export const STILL_WAITING = `n.state || '' = 'waiting'`

// One claim at a time in the whole installation: two at once would take apart what has to go out together.
const lockClaims = sql<never>('notifications.lock_claims', `select pg_advisory_xact_lock(7683465)`)

const LEASED = `n.message_id as "messageId", n.channel, n.community_key as "communityKey", n.low_key as "lowKey",
  n.high_key as "highKey", n.recipient_key as "recipientKey", n.position, n.gather, n.attempts,
  extract(epoch from n.first_tried_at)::double precision * 1000 as "firstTriedAt", coalesce(n.devices, '{}') as devices`
const held = (by: string) => `exists (
  select from notifications l
  where l.recipient_key = first.recipient_key and l.state = 'waiting' and l.channel = $1 and l.gather = first.gather
    and l.worker_key is not null ${by})`

// `order by worker_key`: it is null in all of them, but only so does the planner see that the index has the order, instead of
// sorting everything that is due for each claim. Of what goes out together one is claimed, unless somebody has begun with it: the
// others follow by claimOthers. A morning's worth of one recipient in one statement took longer than a statement may. Locked is only
// what is taken: claimOthers passes over what is locked, and would leave behind what another claim merely looks at.
const claim = sql<LeasedNotification>(
  'notifications.claim',
  `with due as materialized (
     select message_id, gather, recipient_key, community_key, low_key, high_key from notifications
     where channel = $1 and state = 'waiting' and worker_key is null and due_at <= now()
     order by worker_key, due_at limit $3
   ), first as materialized (
     select distinct on (gather, recipient_key, place.community_key, place.low_key, place.high_key, place.message_id)
       due.message_id, gather, recipient_key, due.community_key, due.low_key, due.high_key
     from due cross join lateral (select
       case when gather <> 'recipient' then due.community_key end as community_key,
       case when gather <> 'recipient' then due.low_key end as low_key,
       case when gather <> 'recipient' then due.high_key end as high_key,
       case when gather = 'none' then due.message_id end as message_id) as place
   ), taken as materialized (
     select mine.message_id from first, lateral (
       select n.message_id from notifications n
       where n.message_id = first.message_id and n.channel = $1 and ${STILL_WAITING} and n.worker_key is null
       for update skip locked
     ) as mine
     where case gather
       when 'none' then true
       when 'recipient' then not ${held('')}
       else not ${held('and l.community_key = first.community_key and l.low_key = first.low_key and l.high_key = first.high_key')}
     end
   )
   update notifications n set worker_key = $2 from taken where n.message_id = taken.message_id and n.channel = $1
   returning ${LEASED}`,
)

/**
 * Leases what is due to a worker. Of notifications that go out together it is one of them.
 * @param limit of those that are looked at
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

const others = (by: string) => `with more as materialized (
     select message_id from notifications
     where recipient_key = $3 and channel = $1 and state = 'waiting' and worker_key is null and ${by}
     limit $4 for update skip locked
   )
   update notifications n set worker_key = $2 from more where n.message_id = more.message_id and n.channel = $1
   returning ${LEASED}`
const othersOfRecipient = sql<LeasedNotification>(
  'notifications.claim_others_of_recipient',
  others(`gather = 'recipient'`),
)
const othersOfConversation = sql<LeasedNotification>(
  'notifications.claim_others_of_conversation',
  others(`gather = 'conversation' and community_key = $5 and low_key = $6 and high_key = $7`),
)
const OTHERS_AT_ONCE = 1_000

/** Leases everything that goes out together with one that was claimed. @returns all of it, that one first */
export async function claimOthers(
  db: Queryable,
  workerKey: number,
  one: LeasedNotification,
): Promise<LeasedNotification[]> {
  const { channel, gather, recipientKey, communityKey, lowKey, highKey } = one
  const all = [one]
  if (gather === 'none') return all
  for (let more = OTHERS_AT_ONCE; more === OTHERS_AT_ONCE; ) {
    const common = [channel, workerKey, recipientKey, OTHERS_AT_ONCE]
    const rows =
      gather === 'recipient'
        ? await db.query(othersOfRecipient, common)
        : await db.query(othersOfConversation, [...common, communityKey, lowKey, highKey])
    for (const row of rows) all.push(row)
    more = rows.length
  }
  return all
}

// What was sent has been sent, whoever has it on lease by now. Words of services can quote the address: of somebody who has been
// erased meanwhile none are kept.
const settle = sql<never>(
  'notifications.settle',
  `update notifications n set worker_key = null, state = s.state, reason = s.reason,
     gather = case when s.state = 'waiting' then s.gather else n.gather end,
     due_at = coalesce(to_timestamp(s.due_at / 1000), n.due_at),
     attempts = n.attempts + s.tried::integer,
     first_tried_at = coalesce(n.first_tried_at, case when s.tried then now() end),
     error = case when known.there then coalesce(s.error, case when s.state = 'waiting' then n.error end) end,
     devices = case when known.there then coalesce(s.devices, n.devices) end,
     settled_at = case when s.state <> 'waiting' then now() end
   from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::double precision[], $8::boolean[], $9::text[],
     $10::jsonb[], $11::bigint[]) as s (message_id, channel, state, reason, gather, due_at, tried, error, devices, recipient_key)
   cross join lateral (select u.erased_at is null as there from users u where u.key = s.recipient_key offset 0) as known
   where n.message_id = s.message_id and n.channel = s.channel
     and (n.worker_key = $1 or (s.state = 'sent' and n.state = 'waiting'))`,
)

const SETTLE_AT_ONCE = 500

/** Records what came of leased notifications, and gives them back. Of what others have on lease by now only that it was sent. */
export async function settleNotifications(
  db: Queryable,
  workerKey: number,
  settlements: readonly Settlement[],
): Promise<void> {
  // In the order of the primary key, as everybody who locks several.
  const ordered = settlements.toSorted((a, b) => (a.messageId < b.messageId ? -1 : 1))
  for (let i = 0; i < ordered.length; i += SETTLE_AT_ONCE) {
    const some = ordered.slice(i, i + SETTLE_AT_ONCE)
    await db.query(settle, [
      workerKey,
      some.map((one) => one.messageId),
      some.map((one) => one.channel),
      some.map((one) => one.state),
      some.map((one) => one.reason),
      some.map((one) => one.gather),
      some.map((one) => one.dueAt),
      some.map((one) => one.tried),
      some.map((one) => one.error),
      some.map((one) => (one.devices === null ? null : JSON.stringify(one.devices))),
      some.map((one) => one.recipientKey),
    ])
  }
}
