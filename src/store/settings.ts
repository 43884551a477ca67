import type { Channel } from '../domain/delivery.ts'
import type { SettingKey, SettingValue } from '../domain/setting.ts'
import type { Queryable } from './db.ts'
import { STILL_WAITING } from './notifications.ts'
import { sql } from './sql.ts'

const change = sql<{ key: number }>(
  'settings.change',
  `update users set settings = settings || jsonb_build_object($2::text, $3::jsonb)
   where key = $1 and erased_at is null and settings -> $2::text is distinct from $3::jsonb returning key`,
)

/** Stores a setting. @returns false when nothing was to change: it is so already, or nobody, or somebody erased, has that key */
export async function storeSetting(
  tx: Queryable,
  userKey: number,
  key: SettingKey,
  value: SettingValue,
): Promise<boolean> {
  const rows = await tx.query(change, [userKey, key, JSON.stringify(value)])
  return rows.length === 1
}

// Beyond that the others keep the time they have. Those of a conversation, and pushes that are held, go out with the first of them.
const WAKE_MOST = 5_000

// What a worker has on lease is judged by it before it is sent, and what was tried before waits for its service, not for the user. Rows
// that somebody is at are passed over: they are about to be judged, withdrawn or woken anyway, and whoever waits for a row while having
// others can be waited for.
// `offset 0` keeps the conditions apart: on a table that was never analyzed the planner takes the index of all that waits for all
// channels' times, and walks it (100,000 waiting: 3 s and an answer of 503).
const wake = sql<never>(
  'settings.wake_waiting',
  `with mine as materialized (
     select message_id, channel from (
       select message_id, channel, worker_key, attempts, due_at from notifications
       where recipient_key = $1 and state = 'waiting' offset 0
     ) as w
     where channel = $2 and worker_key is null and attempts = 0 and due_at > now() limit $3
   ), woken as materialized (
     select n.message_id, n.channel from mine, lateral (
       select n.message_id, n.channel from notifications n
       where n.message_id = mine.message_id and n.channel = mine.channel and ${STILL_WAITING} and n.worker_key is null
       for no key update skip locked
     ) as n
   )
   update notifications n set due_at = now() from woken
   where n.message_id = woken.message_id and n.channel = woken.channel and ${STILL_WAITING} and n.worker_key is null`,
)

/**
 * Makes what waits on a channel for the user's own settings due at once, to be judged again: up to 5,000. Waits for nobody's locks on
 * notifications.
 */
export async function wakeWaiting(tx: Queryable, recipientKey: number, channel: Channel): Promise<void> {
  await tx.query(wake, [recipientKey, channel, WAKE_MOST])
}
