import type { SettingKey, SettingValue } from '../domain/setting.ts'
import type { Queryable } from './db.ts'
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

// What a worker has on lease is judged by it before it is sent, and what was tried before waits for its service, not for the user. Locked
// in the order of the key, so that two that wake or withdraw the same rows never wait for each other crosswise.
const wake = sql<never>(
  'settings.wake_waiting',
  `with woken as materialized (
     select message_id, channel from notifications
     where recipient_key = $1 and state = 'waiting' and worker_key is null and attempts = 0 and due_at > now()
     order by message_id, channel for no key update
   )
   update notifications n set due_at = now() from woken
   where n.message_id = woken.message_id and n.channel = woken.channel and n.state = 'waiting' and n.worker_key is null`,
)

/** Makes what waits for the user's own settings due at once, to be judged again. */
export async function wakeWaiting(tx: Queryable, recipientKey: number): Promise<void> {
  await tx.query(wake, [recipientKey])
}
