import assert from 'node:assert/strict'
import { after } from 'node:test'
import tls from 'node:tls'
import { sql } from '../../src/store/sql.ts'
import { newDatabase, newSnug, type TestSnug } from '../kit.ts'
import { CA, type PushService, startPushService } from './push-services.ts'
import { type SmtpService, startSmtp } from './smtp-service.ts'

// The services' authority, beside the system's: web push in this process knows no other.
tls.setDefaultCACertificates([...tls.getCACertificates('default'), CA])

export interface World {
  readonly smtp: SmtpService
  readonly push: PushService
  readonly databaseUrl: string
  /** Another Snug of the same installation. */
  snug(env?: Readonly<Record<string, string>>): Promise<TestSnug>
}

/**
 * A mail server, a push service and a database, for as many Snugs as a test needs.
 * @param options.strict false: services that are fast, and look at nothing closely
 */
export async function newWorld({ strict = true } = {}): Promise<World> {
  const smtp = await startSmtp({ keep: strict })
  const push = await startPushService({ strict })
  // The Snugs are stopped first: hooks run in the order in which they were made.
  const databaseUrl = await newDatabase()
  const env = {
    SMTP_URL: smtp.url,
    SNUG_MAIL_FROM: 'Snug <snug@example.com>',
    SNUG_WEB_PUSH_ALLOW: '127.0.0.0/8',
  }
  const world: World = { smtp, push, databaseUrl, snug: (more) => newSnug(databaseUrl, { ...env, ...more }) }
  after(async () => {
    await smtp.close()
    await push.close()
  })
  return world
}

/** Gives a user an email address, after their id, and a device. @returns the device's endpoint */
export async function reachable(snug: TestSnug, push: PushService, id: string): Promise<string> {
  await put(snug, `users/${id}`, { username: `name of ${id}`, email: addressOf(id) })
  return register(snug, push, id)
}

export const addressOf = (id: string): string => `${id}@example.com`

export async function put(snug: TestSnug, path: string, body: object): Promise<void> {
  const answer = await snug.call('PUT', `/service/v1/${path}`, { service: true, body })
  assert.ok(answer.status < 300, JSON.stringify(answer.body))
}

export async function register(snug: TestSnug, push: PushService, userId: string): Promise<string> {
  const subscription = push.subscription()
  const body = { platform: 'web', subscription }
  const answer = await snug.call('PUT', `/api/v1/devices/device-of-${userId}`, { as: userId, body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return subscription.endpoint
}

export async function setTo(snug: TestSnug, userId: string, key: string, value: unknown): Promise<void> {
  const body = { setting: { key, value, category: 'notifications' } }
  const answer = await snug.call('PATCH', `/api/v2/users/${userId}/settings`, { as: userId, body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

/** What became of a message's notifications: `sent`, `skipped: read`, `held: quiet_hours` … by channel. */
export async function why(snug: TestSnug, messageId: string): Promise<Record<string, string>> {
  const answer = await snug.call('GET', `/service/v1/notifications?message_id=${messageId}`, {
    service: true,
  })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const entries = answer.body.data.map((one: { channel: string; status: string; reason: string | null }) => [
    one.channel,
    one.reason === null ? one.status : `${one.status}: ${one.reason}`,
  ])
  return Object.fromEntries(entries)
}

const left = sql<{ outbox: number; waiting: number; due: number; leased: number }>(
  'test.notifications_left',
  `select (select count(*) from outbox) + (select count(*) from notification_batches) as outbox, count(*) as waiting,
     count(*) filter (where due_at <= now()) as due, count(*) filter (where worker_key is not null) as leased
   from notifications where state = 'waiting'`,
)

/** Waits until everything that is due has been sent, and recorded. */
export async function untilTold(snug: TestSnug): Promise<void> {
  await until(async () => {
    const [row] = await snug.db.query(left)
    return row?.outbox === 0 && row.due === 0 && row.leased === 0
  })
}

/** Waits until everything that the outbox held has become notifications. */
export async function untilQueued(snug: TestSnug): Promise<void> {
  await until(async () => (await snug.db.query(left))[0]?.outbox === 0)
}

/** Asks until it holds; throws when it does not within half a minute. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `it does not come to be: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
