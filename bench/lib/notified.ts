import { createECDH, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSendMessage } from '../../src/actions/send-message.ts'
import { askSql, type Bench, runSql } from './server.ts'

/** Gives everybody an address and a device, whose push service listens on the port. */
export function reachEverybody(bench: Bench, pushPort: number): Promise<void> {
  const p256dh = createECDH('prime256v1').generateKeys('base64url')
  const auth = randomBytes(16).toString('base64url')
  return runSql(
    bench,
    `update users set email = id || '@example.com';
     insert into devices (id, user_key, platform, address, p256dh, auth)
     select 'device-' || id, key, 'web', 'https://127.0.0.1:${pushPort}/' || id, '${p256dh}', '${auth}' from users;`,
  )
}

export function setEverybody(bench: Bench, settings: { email: boolean; push: boolean }): Promise<void> {
  const value = JSON.stringify({ 'messages.email': settings.email, 'messages.push': settings.push })
  return runSql(bench, `update users set settings = '${value}'`)
}

/** Forgets what waits, so that the next round begins with nothing to do. */
export function forgetNotifications(bench: Bench): Promise<void> {
  return runSql(bench, 'delete from outbox; delete from notification_batches; delete from notifications')
}

/** Sends from the first community's creator to its members, in turns; the relay of a running Snug makes notifications of it. */
export async function queueMessages(bench: Bench, count: number, members: number): Promise<void> {
  const send = createSendMessage(bench.db)
  for (let done = 0; done < count; ) {
    const some = Math.min(1_000, count - done)
    const content = 'a message of the bench '.repeat(5)
    const one = (i: number) =>
      send({
        callerId: 'creator-1',
        communityId: 'community-1',
        recipientId: `member-1-${1 + (i % members)}`,
        content,
        idempotencyKey: null,
        faults: [],
      })
    await Promise.all(Array.from({ length: some }, (_, i) => one(done + i)))
    done += some
  }
  await until(async () => (await left(bench)).outbox === 0)
}

/** What is still to become notifications, in the outbox or kept by the relay, and the notifications that are to be sent. */
export async function left(bench: Bench): Promise<{ outbox: number; waiting: number }> {
  const [row] = await askSql<{ outbox: number; waiting: number }>(
    bench,
    `select (select count(*) from outbox)::integer
         + (select coalesce(sum(size), 0) from notification_batches)::integer as outbox,
       (select count(*) from notifications where state = 'waiting')::integer as waiting`,
  )
  return row as { outbox: number; waiting: number }
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(100)
}
