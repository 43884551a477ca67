import type { Channel } from '../domain/delivery.ts'
import type { Queryable } from './db.ts'
import { STILL_WAITING } from './notifications.ts'
import { sql } from './sql.ts'

/** Something that a service took. */
export interface Sent {
  readonly messageId: string
  readonly channel: Channel
  /** Of a push. */
  readonly deviceId: string | null
}

// Whoever has it on lease by now: it has been sent. A push stays waiting, since other devices may have to get it; with none left it
// is settled by the next worker that looks.
const record = sql<never>(
  'sent_journal.record',
  `update notifications n set
     state = case when n.channel = 'email' then 'sent' else n.state end,
     reason = case when n.channel = 'email' then null else n.reason end,
     settled_at = case when n.channel = 'email' then now() end,
     first_tried_at = coalesce(n.first_tried_at, now()),
     attempts = n.attempts + case when n.channel = 'email' then 1 else 0 end,
     devices = case when n.channel = 'push' then coalesce(n.devices, '{}') || s.devices else n.devices end
   from (
     select message_id, channel, coalesce(jsonb_object_agg(device_id, jsonb_build_object('at', floor(extract(epoch from now()))))
       filter (where device_id is not null), '{}') as devices
     from unnest($1::uuid[], $2::text[], $3::text[]) as t (message_id, channel, device_id)
     group by message_id, channel
   ) as s
   where n.message_id = s.message_id and n.channel = s.channel and ${STILL_WAITING}`,
)

const AT_ONCE = 1_000

/** Records what had been sent by a process that was killed before it could do so. */
export async function recordSent(db: Queryable, sent: readonly Sent[]): Promise<void> {
  for (let i = 0; i < sent.length; i += AT_ONCE) {
    const some = sent.slice(i, i + AT_ONCE)
    await db.query(record, [
      some.map((one) => one.messageId),
      some.map((one) => one.channel),
      some.map((one) => one.deviceId),
    ])
  }
}
