import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOTIFICATION_REASONS } from '../../contract/notification-records.ts'
import { lowestId } from '../../src/actions/message-ids.ts'
import type { Channel } from '../../src/domain/delivery.ts'
import { startSweep } from '../../src/jobs/sweep.ts'
import { sql } from '../../src/store/sql.ts'
import { emailed, recordOf, workOf } from './working.ts'
import { newWorld, reachable, until, untilQueued, untilTold } from './world.ts'

// GET /service/v1/notifications: what became of a message’s email and push, and why (CONTRACT §5); kept 30 days.

const world = await newWorld()
// Nothing is sent while the records are looked at.
const snug = await world.snug({ SNUG_ROLE: 'serve' })
await snug.users('creator')
await snug.community('c', 'creator')
await reachable(snug, world.push, 'm')
await snug.member('c', 'm')

const path = (id: string) => `/service/v1/notifications?message_id=${id}`
const asked = async (query: string, call: Parameters<typeof snug.call>[2] = { service: true }) => {
  const { status, body } = await snug.call('GET', `/service/v1/notifications${query}`, call)
  return [status, body]
}

const set = sql<never>(
  'test.set_notification',
  `update notifications set state = $3, reason = $4, due_at = '2030-01-02 03:04:05.678Z', attempts = $5, error = $6,
     devices = $7::jsonb, settled_at = case when $3 <> 'waiting' then '2026-05-06 07:08:09.999Z'::timestamptz end
   where message_id = $1 and channel = $2`,
)

interface Shown {
  readonly state: string
  readonly reason?: string
  readonly attempts?: number
  readonly error?: string
  readonly devices?: object
}

const DUE = '2030-01-02T03:04:05Z'
const SETTLED = '2026-05-06T07:08:09Z'
const BARE = {
  ...{ reason: null, explanation: null, held_until: null, next_attempt_at: null, sent_at: null },
  ...{ settled_at: null, attempts: 0, error: null, devices: [] },
}

async function shown(channel: Channel, { state, reason, attempts, error, devices }: Shown) {
  const values = [state, reason ?? null, attempts ?? 0, error ?? null, devices && JSON.stringify(devices)]
  await snug.db.query(set, [message.id, channel, ...values])
  return recordOf(snug, message.id, channel)
}

const message = await snug.send('c', 'creator', 'm', 'Hello')
await untilQueued(snug)

test('it is for the service alone', async () => {
  const call = (headers: Record<string, string>) => asked(`?message_id=${message.id}`, { headers })
  assert.deepEqual(await call({}), [401, { message: 'Missing Token' }])
  assert.deepEqual(await call({ authorization: 'Bearer wrong' }), [401, { message: 'Invalid Token' }])
  for (const as of ['m', 'creator'])
    assert.deepEqual(await asked(`?message_id=${message.id}`, { as }), [401, { message: 'Invalid Token' }])
  // Before anything is said about the id.
  assert.equal((await asked('', { as: 'm' }))[0], 401)
})

test('the id: missing or malformed is 422, unknown is 404', async () => {
  assert.deepEqual(await asked(''), [422, { message: ["Message can't be blank"] }])
  for (const id of ['', 'x', `${message.id}0`, message.id.slice(1), 'm', '%00', `${message.id}'--`])
    assert.deepEqual(await asked(`?message_id=${id}`), [422, { message: ['Message is invalid'] }], id)
  assert.deepEqual(await asked('?message_id=01900000-0000-7000-8000-000000000000'), [
    404,
    { message: 'Not Found' },
  ])
  assert.equal((await asked(`?message_id=${message.id.toUpperCase()}`))[0], 200)
})

test('one answer for a message: whose it is, and both channels', async () => {
  const { status, body, headers } = await snug.call('GET', path(message.id), { service: true })
  assert.equal(status, 200)
  assert.equal(headers['cache-control'], 'no-store')
  const { data, ...about } = body
  assert.deepEqual(about, { message_id: message.id, community_id: 'c', recipient_id: 'm' })
  assert.deepEqual(
    data.map((one: { channel: string }) => one.channel),
    ['email', 'push'],
  )
})

test('every status: queued, held, sent, failed', async () => {
  const queued = { ...BARE, status: 'queued', next_attempt_at: DUE }
  assert.deepEqual(await shown('email', { state: 'waiting' }), { ...queued, channel: 'email' })
  const retry = { state: 'waiting', reason: 'retry', attempts: 4, error: '451 later' }
  assert.deepEqual(await shown('email', retry), {
    ...{ ...queued, channel: 'email', reason: 'retry', attempts: 4, error: '451 later' },
    explanation: NOTIFICATION_REASONS.retry,
  })
  for (const [channel, reason] of [
    ['email', 'email_delay'],
    ['push', 'quiet_hours'],
  ] as const)
    assert.deepEqual(await shown(channel, { state: 'waiting', reason }), {
      ...{ ...BARE, channel, status: 'held', reason, held_until: DUE },
      explanation: NOTIFICATION_REASONS[reason],
    })
  const settled = { ...BARE, settled_at: SETTLED }
  assert.deepEqual(await shown('email', { state: 'sent', attempts: 1 }), {
    ...{ ...settled, channel: 'email', status: 'sent', sent_at: SETTLED, attempts: 1 },
  })
  const devices = { 'phone-1': { at: 1_780_000_000 }, 'phone-2': { at: 1_780_000_001, error: '410 gone' } }
  assert.deepEqual(await shown('push', { state: 'sent', attempts: 2, devices }), {
    ...{ ...settled, channel: 'push', status: 'sent', sent_at: SETTLED, attempts: 2 },
    devices: [
      { id: 'phone-1', status: 'sent', at: '2026-05-28T20:26:40Z', error: null },
      { id: 'phone-2', status: 'failed', at: '2026-05-28T20:26:41Z', error: '410 gone' },
    ],
  })
  assert.deepEqual(await shown('email', { state: 'failed', attempts: 9, error: '550 no' }), {
    ...{ ...settled, channel: 'email', status: 'failed', attempts: 9, error: '550 no' },
  })
})

test('every reason to skip, in a word and in a sentence', async () => {
  const { email_delay, quiet_hours, retry, ...skips } = NOTIFICATION_REASONS
  assert.deepEqual(Object.keys(skips), [
    ...[
      'setting_off',
      'no_address',
      'address_refused',
      'no_device',
      'not_active',
      'blocked',
      'read',
      'deleted',
    ],
    'erased',
  ])
  for (const [reason, explanation] of Object.entries(skips))
    assert.deepEqual(await shown('push', { state: 'skipped', reason }), {
      ...{ ...BARE, channel: 'push', status: 'skipped', reason, explanation, settled_at: SETTLED },
    })
})

test('an erased recipient, and a deleted message, are told of by their ids', async () => {
  await snug.users('leaves')
  await snug.member('c', 'leaves')
  const { id } = await snug.send('c', 'creator', 'leaves', 'Private')
  await untilQueued(snug)
  await snug.call('DELETE', '/service/v1/users/leaves', { service: true })
  const { status, body } = await snug.call('GET', path(id), { service: true })
  assert.deepEqual([status, body.recipient_id], [200, 'leaves'])
  const other = await snug.send('c', 'creator', 'm', 'Deleted')
  await untilQueued(snug)
  await snug.call('DELETE', `/api/v1/communities/c/messages/${other.id}`, { as: 'creator' })
  assert.equal((await snug.call('GET', path(other.id), { service: true })).status, 200)
})

const makeOld = sql<never>(
  'test.old_notifications',
  `insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, due_at,
     settled_at, attempts)
   select (left($1, 24) || lpad(to_hex(n + $2), 12, '0'))::uuid, 'email', w.community_key, w.low_key, w.high_key,
     w.recipient_key, 1, $3, now(), now(), 0
   from generate_series(1, $4::integer) n, (select * from notifications limit 1) w`,
)

test('what became of notifications is kept for 30 days; what waits is kept for as long as it does', async () => {
  const day = 86_400_000
  const before = await workOf(snug, 'email')
  const ids = [0, 1, 2].map((i) =>
    lowestId(Date.now() - [30 * day + 60_000, 30 * day - 3_600_000, 300 * day][i]!),
  )
  const [month, less, ages] = ids as [string, string, string]
  const make = (id: string, first: number, state: string, count: number) =>
    snug.db.query(makeOld, [id, first, state, count])
  // More than one round of it.
  await make(ages, 0, 'sent', 1_500)
  await make(ages, 1_500, 'skipped', 700)
  await make(month, 0, 'sent', 1)
  await make(month, 1, 'failed', 1)
  await make(month, 2, 'waiting', 1)
  await make(less, 0, 'sent', 1)
  await make(less, 1, 'failed', 1)
  const id = (start: string, n: number) => start.slice(0, 24) + n.toString(16).padStart(12, '0')
  assert.equal((await recordOf(snug, id(ages, 2_200), 'email')).status, 'skipped')
  const sweep = startSweep(snug.db, () => {})
  const known = async (start: string, n: number) =>
    (await snug.call('GET', path(id(start, n)), { service: true })).status
  await until(async () => (await known(month, 2)) === 404)
  await sweep.stop()
  for (const n of [1, 1_000, 1_500, 1_501, 2_200]) assert.equal(await known(ages, n), 404, `${n}`)
  assert.equal(await known(month, 1), 404)
  assert.equal((await recordOf(snug, id(month, 3), 'email')).status, 'queued')
  assert.equal(await known(less, 1), 200)
  assert.equal(await known(less, 2), 200)
  const after = await workOf(snug, 'email')
  assert.deepEqual([after.sent, after.waiting], [before.sent + 1, before.waiting + 1])
})

test('a worker sweeps when it starts; imported messages notify nobody', async () => {
  const other = await newWorld()
  const serving = await other.snug({ SNUG_ROLE: 'serve' })
  await serving.users('creator')
  await serving.community('c', 'creator')
  await reachable(serving, other.push, 'm')
  await serving.member('c', 'm')
  const first = await serving.send('c', 'creator', 'm', 'Sent')
  await untilQueued(serving)
  await serving.db.query(makeOld, [lowestId(0), 0, 'sent', 1])
  const imported = '01900000-0000-7000-8000-00000000abcd'
  const line = {
    ...{ type: 'message', community_id: 'c', sender_id: 'creator', recipient_id: 'm' },
    ...{ content: 'From elsewhere', created_at: new Date().toISOString() },
  }
  const body = [{ ...line, id: imported }, line].map((one) => JSON.stringify(one)).join('\n')
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await serving.call('POST', '/service/v1/import', { service: true, body, headers })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.deepEqual(answer.body.errors, [])
  assert.equal(answer.body.imported.messages ?? answer.body.imported.message, 2)
  const last = await serving.send('c', 'creator', 'm', 'Sent afterwards')
  await untilQueued(serving)
  await other.snug({ SNUG_ROLE: 'work' })
  await untilTold(serving)
  const sent = [first.id, last.id].sort()
  assert.deepEqual(emailed(other), sent)
  assert.deepEqual(other.push.received.map(({ note }) => note.data.message_id).sort(), sent)
  assert.equal((await serving.call('GET', path(imported), { service: true })).status, 404)
  const old = `${lowestId(0).slice(0, 24)}${'1'.padStart(12, '0')}`
  await until(async () => (await serving.call('GET', path(old), { service: true })).status === 404)
})
