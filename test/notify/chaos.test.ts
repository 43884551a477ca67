import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { createSendMessage } from '../../src/actions/send-message.ts'
import { sql } from '../../src/store/sql.ts'
import type { TestSnug } from '../kit.ts'
import { newFolder, type Served, serve } from '../serve/kit.ts'
import { CA_PATH } from './push-services.ts'
import { newWorld, reachable, until, untilQueued, type World } from './world.ts'

// 20,000 notifications wait. The worker's process is killed (SIGKILL) ten times while it sends them, to a mail server and a push
// service that refuse, hang, are slow, and cut the line before and after they have taken something. In the end everything has been
// sent. What came twice came from a cut between the service's taking it and our record of that.

const MEMBERS = 100
const MESSAGES = 10_000
const PORTION = 500
const NOTIFICATIONS = 2 * MESSAGES
const KILLS = 10
// Lines that are cut after the service has taken it, if a mail is that far: each makes one double.
const CUTS_AFTER_TAKING = 6

/** Always the same numbers, from 0 to 1: a failure can be run again. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

function misbehave({ smtp, push }: World): void {
  const roll = dice(20_261_122)
  let left = CUTS_AFTER_TAKING
  smtp.behave(() => {
    const fate = roll()
    // Asked anew at each step of a mail, three times or so.
    if (fate < 0.002) return { kind: 'refuse', at: 'rcpt', code: 451, words: '4.3.2 Try again' }
    if (fate < 0.004) return { kind: 'refuse', at: 'data', code: 452, words: '4.2.2 Mailbox busy' }
    if (fate < 0.0043) return { kind: 'hang', at: 'rcpt' }
    if (fate < 0.0046) return { kind: 'hang', at: 'data' }
    if (fate < 0.006) return { kind: 'cut', accepted: false }
    if (fate < 0.007 && left-- > 0) return { kind: 'cut', accepted: true }
    return fate < 0.015 ? { kind: 'accept', afterMs: 50 } : { kind: 'accept' }
  })
  push.behave(() => {
    const fate = roll()
    if (fate < 0.002) return { status: 503, headers: { 'retry-after': '1' } }
    if (fate < 0.003) return { status: 429, headers: { 'retry-after': '1' } }
    if (fate < 0.0035) return { cut: 'before' }
    if (fate < 0.004) return { status: 500 }
    return undefined
  })
}

async function queue(snug: TestSnug, world: World): Promise<void> {
  await snug.users('creator')
  await snug.community('c', 'creator')
  for (let i = 0; i < MEMBERS; i++) {
    await reachable(snug, world.push, `m${i}`)
    await snug.member('c', `m${i}`)
  }
  const send = createSendMessage(snug.db)
  const one = (i: number) =>
    send({
      callerId: 'creator',
      communityId: 'c',
      recipientId: `m${i % MEMBERS}`,
      content: `Message ${i}`,
      idempotencyKey: null,
      faults: [],
    })
  // In portions: each has an answer within 4.7 s, however busy the machine is.
  for (let sent = 0; sent < MESSAGES; sent += PORTION)
    await Promise.all(Array.from({ length: PORTION }, (_, i) => one(sent + i)))
  await untilQueued(snug)
}

/**
 * By another process, and after a while: this one is the services as well, and would kill in step with what they have just taken.
 */
async function killSometime(pid: number): Promise<void> {
  const seconds = (Math.random() / 5).toFixed(3)
  await once(spawn('sh', ['-c', `sleep ${seconds}; kill -9 ${pid}`], { stdio: 'inherit' }), 'exit')
}

const states = sql<{ state: string; count: number }>(
  'test.notification_states',
  'select state, count(*) as count from notifications group by state',
)

test('20,000 notifications, ten kills, services that break: all are sent, and next to none twice', async (t) => {
  const world = await newWorld({ strict: false })
  const { smtp, push } = world
  // Relays what was sent; works on nothing.
  const serving = await world.snug({ SNUG_ROLE: 'serve' })
  await queue(serving, world)
  misbehave(world)
  const folder = newFolder()
  const env = {
    DATABASE_URL: world.databaseUrl,
    SNUG_DATA_DIR: folder,
    SNUG_ROLE: 'work',
    SMTP_URL: `${smtp.url}&socketTimeout=1500`,
    SNUG_MAIL_FROM: 'snug@example.com',
    SNUG_WEB_PUSH_ALLOW: '127.0.0.0/8',
    NODE_EXTRA_CA_CERTS: CA_PATH,
  }
  const taken = () => smtp.received.length + push.received.filter(({ accepted }) => accepted).length
  let worker: Served = await serve(env)
  for (let kill = 1; kill <= KILLS; kill++) {
    await until(() => taken() >= (kill * NOTIFICATIONS * 0.9) / KILLS, 120_000)
    await killSometime(worker.pid)
    await worker.stop('SIGKILL')
    worker = await serve(env)
  }
  await until(async () => (await serving.db.query(states)).every(({ state }) => state !== 'waiting'), 120_000)
  assert.deepEqual(await serving.db.query(states), [{ state: 'sent', count: NOTIFICATIONS }])

  const mails = smtp.received.map(({ messageId }) => messageId)
  const pushes = push.received.filter(({ accepted }) => accepted).map(({ note }) => note.data.message_id)
  assert.equal(new Set(mails).size, MESSAGES, 'every message by email')
  assert.equal(new Set(pushes).size, MESSAGES, 'every message by push')
  const doubles = mails.length + pushes.length - NOTIFICATIONS
  t.diagnostic(`came twice: by email ${mails.length - MESSAGES}, by push ${pushes.length - MESSAGES}`)
  assert.ok(doubles < NOTIFICATIONS / 1_000, `${doubles} came twice`)
})
