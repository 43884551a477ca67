import assert from 'node:assert/strict'
import type { NotificationsOfMessage } from '../../contract/notification-records.ts'
import type { Channel } from '../../src/domain/delivery.ts'
import { sql } from '../../src/store/sql.ts'
import type { TestSnug } from '../kit.ts'
import { newFolder } from '../serve/kit.ts'
import { CA_PATH } from './push-services.ts'
import type { World } from './world.ts'

export type WireRecord = NotificationsOfMessage['data'][number]

/** What GET /service/v1/notifications tells of a message in one channel. */
export async function recordOf(snug: TestSnug, messageId: string, channel: Channel): Promise<WireRecord> {
  const path = `/service/v1/notifications?message_id=${messageId}`
  const { status, body } = await snug.call('GET', path, { service: true })
  assert.equal(status, 200, JSON.stringify(body))
  return body.data.find((one: WireRecord) => one.channel === channel)
}

/** The environment of a process that only works, with a data folder of its own. */
export function workerEnv(world: World, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    DATABASE_URL: world.databaseUrl,
    SNUG_DATA_DIR: newFolder(),
    SNUG_ROLE: 'work',
    SMTP_URL: world.smtp.url,
    SNUG_MAIL_FROM: 'snug@example.com',
    SNUG_WEB_PUSH_ALLOW: '127.0.0.0/8',
    NODE_EXTRA_CA_CERTS: CA_PATH,
    ...more,
  }
}

/** The environment of a command that works beside. */
export const commandEnv = ({ databaseUrl }: World): Record<string, string> => ({ DATABASE_URL: databaseUrl })

const due = sql<never>(
  'test.due_now',
  `update notifications set due_at = now() where state = 'waiting' and worker_key is null and due_at > now()`,
)

/** The time that is waited for has come. */
export async function letTimePass(snug: TestSnug): Promise<void> {
  await snug.db.query(due)
}

const triedFor = sql<never>(
  'test.tried_for',
  `update notifications set first_tried_at = now() - $2 * interval '1 second', due_at = now()
   where message_id = $1 and state = 'waiting'`,
)

/** It has been tried for so long already, and its turn is now. */
export async function setFirstTried(snug: TestSnug, messageId: string, secondsAgo: number): Promise<void> {
  await snug.db.query(triedFor, [messageId, secondsAgo])
}

const work = sql<{ workers: number; waiting: number; leased: number; sent: number; skipped: number }>(
  'test.work',
  `select (select count(*) from workers) as workers, count(*) filter (where state = 'waiting') as waiting,
     count(*) filter (where state = 'waiting' and worker_key is not null) as leased,
     count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'skipped') as skipped
   from notifications where channel = $1`,
)

/** How the notifications of a channel stand, and how many workers have a lease. */
export async function workOf(snug: TestSnug, channel: Channel) {
  return (await snug.db.query(work, [channel]))[0]!
}

/** The message's id of each email that came, sorted. */
export const emailed = ({ smtp }: World): string[] =>
  smtp.received.map(({ messageId }) => messageId.split('@')[0] as string).sort()

/** The message's id of each push that was taken, sorted. */
export const pushed = ({ push }: World): string[] =>
  push.received
    .filter(({ accepted }) => accepted)
    .map(({ note }) => note.data.message_id)
    .sort()
