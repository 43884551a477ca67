import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from '../../src/store/sql.ts'
import type { TestSnug } from '../kit.ts'
import { emailed, letTimePass, pushed, recordOf, workOf } from './working.ts'
import { newWorld, reachable, until, untilQueued, untilTold, type World, why } from './world.ts'

// A send waits on nothing of this, whatever the services and the workers do; and what each SNUG_ROLE does, and shows in its metrics.

async function people(snug: TestSnug, { push }: World): Promise<void> {
  await snug.users('creator')
  await snug.community('c', 'creator')
  await reachable(snug, push, 'm')
  await snug.member('c', 'm')
}

/** Ten sends, each of which has to be answered 201. */
async function tenSends(snug: TestSnug): Promise<string[]> {
  const ids = []
  for (let i = 0; i < 10; i++) ids.push((await snug.send('c', 'creator', 'm', `Message ${i}`)).id)
  return ids.sort()
}

test('a mail server and a push service that hang: sends are answered while neither has answered anything', async () => {
  const world = await newWorld()
  const { smtp, push } = world
  const snug = await world.snug()
  await people(snug, world)
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  let held = true
  smtp.behave(() => (held ? { kind: 'hang', at: 'greeting' } : { kind: 'accept' }))
  push.behave(() => ({ until: gate }))
  const { id } = await snug.send('c', 'creator', 'm', 'The one that hangs')
  await until(() => smtp.lines() > 0 && push.requests() > 0)
  const ids = await tenSends(snug)
  await untilQueued(snug)
  assert.equal(smtp.received.length, 0)
  for (const one of [id, ...ids]) assert.deepEqual(await why(snug, one), { email: 'queued', push: 'queued' })
  held = false
  open()
  // What hangs at the greeting ends after 10 s; the others are let through as soon as one is.
  await until(async () => {
    await letTimePass(snug)
    return (await workOf(snug, 'email')).sent === 11
  }, 60_000)
  await untilTold(snug)
  assert.deepEqual(emailed(world), [id, ...ids].sort())
  assert.deepEqual(pushed(world), [id, ...ids].sort())
})

test('a mail server that is down, and push services that are: sends are answered, and queued', async () => {
  const world = await newWorld()
  const { smtp, push } = world
  await smtp.close()
  const snug = await world.snug()
  await people(snug, world)
  await push.close()
  const ids = await tenSends(snug)
  const tried = async () => {
    const records = await Promise.all(
      ids.flatMap((id) => [recordOf(snug, id, 'email'), recordOf(snug, id, 'push')]),
    )
    return ['email', 'push'].every((channel) =>
      records.some((one) => one.channel === channel && one.attempts > 0),
    )
  }
  await until(tried)
  for (const id of ids)
    for (const state of Object.values(await why(snug, id))) assert.match(state, /^queued(: retry)?$/)
  const words = await Promise.all(ids.map(async (id) => (await recordOf(snug, id, 'email')).error))
  assert.ok(words.some((one) => one?.includes('ECONNREFUSED')))
})

const locks = sql<{ count: number }>(
  'test.locks_waited_for',
  `select count(*) as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
)

/** Holds the table of notifications, so that nobody can write to it. @returns what lets it go */
async function holdTable(snug: TestSnug, t: TestContext): Promise<() => Promise<void>> {
  const client = await snug.db.dedicated('snug test')
  t.after(() => client.end())
  await client.query('begin; lock table notifications in exclusive mode')
  return async () => {
    await client.query('rollback')
  }
}

test('not even the notifications’ own table is waited for: until the relay has come, a message is queued', async (t) => {
  const world = await newWorld()
  const snug = await world.snug()
  await people(snug, world)
  const letGo = await holdTable(snug, t)
  const ids = await tenSends(snug)
  await until(async () => ((await snug.db.query(locks))[0]?.count ?? 0) > 0)
  for (const channel of ['email', 'push'] as const) {
    const { next_attempt_at, ...record } = await recordOf(snug, ids[0] as string, channel)
    assert.match(next_attempt_at as string, /Z$/)
    assert.deepEqual(record, {
      ...{ channel, status: 'queued', reason: null, explanation: null, attempts: 0, error: null },
      ...{ held_until: null, sent_at: null, settled_at: null, devices: [] },
    })
  }
  await letGo()
  await untilTold(snug)
  assert.deepEqual(emailed(world), ids)
  assert.deepEqual(pushed(world), ids)
})

const NOT_FOUND = { message: 'Not Found' }

test('SNUG_ROLE: serve queues and sends nothing, work sends and answers for its health alone', async () => {
  const world = await newWorld()
  const serving = await world.snug({ SNUG_ROLE: 'serve' })
  await people(serving, world)
  const ids = await tenSends(serving)
  await untilQueued(serving)
  for (const channel of ['email', 'push'] as const)
    assert.deepEqual(await workOf(serving, channel), {
      ...{ workers: 0, waiting: 10, leased: 0, sent: 0, skipped: 0 },
    })
  const lateness = metric(await metricsOf(serving), 'snug_notifications_late_seconds', { channel: 'email' })
  assert.ok(lateness !== undefined && lateness > 0, 'it shows where nobody works')
  assert.equal(world.smtp.lines() + world.push.requests(), 0)

  const working = await world.snug({ SNUG_ROLE: 'work' })
  await untilTold(serving)
  assert.deepEqual(emailed(world), ids)
  assert.deepEqual(pushed(world), ids)

  assert.deepEqual((await working.call('GET', '/healthz')).body, { status: 'ok' })
  assert.deepEqual((await working.call('GET', '/readyz')).body, { status: 'ready' })
  assert.equal((await working.call('GET', '/metrics')).status, 200)
  const message = { recipient_id: 'm', content: 'Hello' }
  const refused: Parameters<TestSnug['call']>[] = [
    ['POST', '/api/v1/communities/c/messages', { as: 'creator', body: message }],
    ['GET', '/api/v1/communities', { as: 'creator' }],
    ['GET', '/api/v1/devices', { as: 'm' }],
    ['GET', `/service/v1/notifications?message_id=${ids[0]}`, { service: true }],
    ['PUT', '/service/v1/users/x', { service: true, body: { username: 'x' } }],
    ['GET', '/openapi.json'],
    ['GET', '/docs'],
    ['GET', '/'],
    ['GET', '/unsubscribe/x'],
  ]
  for (const call of refused) {
    const { status, body } = await working.call(...call)
    assert.deepEqual([status, body], [404, NOT_FOUND], call[1])
    if (call[1] !== '/unsubscribe/x') assert.ok((await serving.call(...call)).status < 400, call[1])
  }
})

test('SNUG_ROLE=all, the default, serves and sends', async () => {
  const world = await newWorld()
  const snug = await world.snug()
  await people(snug, world)
  const ids = await tenSends(snug)
  await untilTold(snug)
  assert.deepEqual(emailed(world), ids)
  assert.deepEqual(pushed(world), ids)
  assert.equal((await workOf(snug, 'email')).workers, 1)
})

async function metricsOf(snug: TestSnug): Promise<string> {
  const { status, body } = await snug.call('GET', '/metrics')
  assert.equal(status, 200)
  return body
}

/** A sample's value, by its name and all its labels. */
function metric(text: string, name: string, labels: Readonly<Record<string, string>>): number | undefined {
  const inner = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  const line = text.split('\n').find((one) => one.startsWith(`${name}{${inner.join()}} `))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

test('/metrics: what came of notifications is counted, what waits and has failed is shown', async () => {
  const world = await newWorld()
  const { smtp } = world
  const snug = await world.snug()
  await people(snug, world)
  const shown = async () => {
    const text = await metricsOf(snug)
    const count = (channel: string, state: string) =>
      metric(text, 'snug_notifications_total', { channel, state }) ?? 0
    const gauge = (name: string, channel: string) => metric(text, `snug_notifications_${name}`, { channel })
    return {
      sent: [count('email', 'sent'), count('push', 'sent')],
      putOff: count('email', 'waiting'),
      givenUp: count('email', 'failed'),
      waiting: [gauge('waiting', 'email'), gauge('waiting', 'push')],
      failed: [gauge('failed', 'email'), gauge('failed', 'push')],
    }
  }
  const nothing = { sent: [0, 0], putOff: 0, givenUp: 0, waiting: [0, 0], failed: [0, 0] }
  assert.deepEqual(await shown(), nothing)
  await tenSends(snug)
  await untilTold(snug)
  assert.deepEqual(await shown(), { ...nothing, sent: [10, 10] })

  smtp.behave({ kind: 'refuse', at: 'rcpt', code: 451, words: '4.3.2 Try again' })
  await snug.send('c', 'creator', 'm', 'Put off')
  await until(async () => (await shown()).putOff === 1)
  await untilTold(snug)
  assert.deepEqual(await shown(), { ...nothing, sent: [10, 11], putOff: 1, waiting: [1, 0] })
  smtp.behave({ kind: 'refuse', at: 'data', code: 554, words: '5.6.0 Not these words' })
  await letTimePass(snug)
  await until(async () => (await shown()).givenUp === 1)
  await untilTold(snug)
  assert.deepEqual(await shown(), { ...nothing, sent: [10, 11], putOff: 1, givenUp: 1, failed: [1, 0] })
  assert.doesNotMatch(await metricsOf(snug), /example\.com|device-of|name of|Try again/)
})
