import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snug as command } from '../serve/kit.ts'
import { startPushService } from './push-services.ts'
import { commandEnv, emailed, letTimePass, recordOf, setFirstTried } from './working.ts'
import { newWorld, put, reachable, until, untilTold, why } from './world.ts'

// What a service refuses: tried again for a day, kept as failed, looked at and tried again by an operator; given up at once where
// the service says that the address or the device is no more (CONTRACT §5).

const DAY_S = 86_400
const world = await newWorld()
const { smtp, push } = world
const snug = await world.snug()
await snug.users('creator')
await snug.community('c', 'creator')

const member = async (id: string) => {
  const endpoint = await reachable(snug, push, id)
  await snug.member('c', id)
  return endpoint
}
const say = async (to: string, text = 'Hello') => (await snug.send('c', 'creator', to, text)).id
const ids = () => emailed(world)
const notifications = (...args: string[]) => command(['notifications', ...args], commandEnv(world))
const BUSY = { kind: 'refuse', at: 'rcpt', code: 451, words: '4.3.2 Try again' } as const

test('451: queued with the service’s words and its next time, then sent', async () => {
  await member('busy')
  smtp.behave(BUSY)
  const id = await say('busy')
  await until(async () => (await recordOf(snug, id, 'email'))?.attempts === 1)
  const { next_attempt_at, ...record } = await recordOf(snug, id, 'email')
  assert.deepEqual(record, {
    ...{ channel: 'email', status: 'queued', reason: 'retry', attempts: 1, error: '451 4.3.2 Try again' },
    ...{ explanation: 'The service could not take it, and is asked again', devices: [] },
    ...{ held_until: null, sent_at: null, settled_at: null },
  })
  const wait = Date.parse(next_attempt_at as string) - Date.now()
  assert.ok(wait > -2_000 && wait < 7_000, `again in ${wait} ms`)
  assert.equal((await why(snug, id)).push, 'sent', 'the other channel waits for nothing')
  smtp.behave({ kind: 'accept' })
  await until(() => ids().includes(id))
  await untilTold(snug)
  const sent = await recordOf(snug, id, 'email')
  assert.deepEqual([sent.status, sent.reason, sent.attempts, sent.error], ['sent', null, 2, null])
  assert.equal(sent.next_attempt_at, null)
  assert.match(sent.sent_at as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.equal(ids().filter((one) => one === id).length, 1)
})

test('it waits longer each time', async () => {
  await member('patient')
  smtp.behave(BUSY)
  const id = await say('patient')
  const waits: number[] = []
  for (let attempts = 1; attempts <= 4; attempts++) {
    await until(async () => (await recordOf(snug, id, 'email'))?.attempts === attempts)
    const { next_attempt_at } = await recordOf(snug, id, 'email')
    waits.push(Date.parse(next_attempt_at as string) - Date.now())
    await letTimePass(snug)
  }
  for (const [i, wait] of waits.entries()) assert.ok(wait <= 1_100 * 5 * 2 ** i, `${waits}`)
  assert.ok((waits[3] as number) > 3 * (waits[0] as number), `${waits}`)
  smtp.behave({ kind: 'accept' })
  await letTimePass(snug)
  await until(() => ids().includes(id))
})

test('after a day of trying it has failed; an operator finds it, has it tried again, and it is sent', async () => {
  await member('hopeless')
  assert.deepEqual(await notifications('failed'), { code: 0, out: '', err: 'None has failed.\n' })
  smtp.behave(BUSY)
  const id = await say('hopeless', 'First')
  await until(async () => (await recordOf(snug, id, 'email'))?.attempts === 1)
  await setFirstTried(snug, id, DAY_S - 600)
  await until(async () => (await recordOf(snug, id, 'email')).attempts === 2)
  assert.equal((await why(snug, id)).email, 'queued: retry', 'not before the day is over')
  await setFirstTried(snug, id, DAY_S)
  await until(async () => (await why(snug, id)).email === 'failed')
  const record = await recordOf(snug, id, 'email')
  assert.deepEqual([record.attempts, record.error, record.next_attempt_at], [3, '451 4.3.2 Try again', null])
  assert.ok(record.settled_at !== null && record.sent_at === null)

  const listed = await notifications('failed')
  assert.equal(listed.code, 0)
  assert.match(
    listed.out,
    new RegExp(`^\\d{4}-.* email +c +to hopeless +message ${id} +3 attempts +451 4\\.3\\.2 Try again\\n$`),
  )
  assert.match(listed.err, /^1 shown\. /)
  const told = await notifications('why', id)
  assert.equal(told.code, 0)
  assert.match(told.out, /^email +failed at \d{4}-\S+ \S+ UTC: 451 4\.3\.2 Try again\npush +sent at /)

  smtp.behave({ kind: 'accept' })
  const other = await notifications('retry', '--message', '01900000-0000-7000-8000-000000000000')
  assert.deepEqual([other.code, other.err], [0, 'None has failed.\n'])
  assert.equal((await why(snug, id)).email, 'failed')
  const retried = await notifications('retry', '--message', id)
  assert.deepEqual([retried.code, retried.out], [0, ''])
  assert.match(retried.err, /^1 are tried again/)
  await until(async () => (await why(snug, id)).email === 'sent')
  assert.equal((await recordOf(snug, id, 'email')).attempts, 1, 'counted anew')
  assert.equal(ids().filter((one) => one === id).length, 1)
  assert.match((await notifications('failed')).err, /^None has failed/)
  assert.match((await notifications('why', id)).out, /^email +sent at .* UTC\n/)
})

test('retry without an id: all that have failed, the newest listed first, as many as --limit says', async () => {
  await member('several')
  smtp.behave({ kind: 'refuse', at: 'data', code: 554, words: '5.6.0 Not these words' })
  const failed: string[] = []
  for (const text of ['One', 'Two', 'Three']) {
    const id = await say('several', text)
    await until(async () => (await why(snug, id)).email === 'failed')
    failed.push(id)
  }
  const order = (out: string) => [...out.matchAll(/message (\S+)/g)].map(([, id]) => id)
  assert.deepEqual(order((await notifications('failed')).out), failed.toReversed())
  assert.deepEqual(order((await notifications('failed', '--limit', '2')).out), failed.slice(1).toReversed())
  smtp.behave({ kind: 'accept' })
  assert.match((await notifications('retry')).err, /^3 are tried again/)
  await until(() => failed.every((id) => ids().includes(id)))
  await untilTold(snug)
  for (const id of failed) assert.equal((await why(snug, id)).email, 'sent')
})

test('a hard bounce: failed, nothing more to that address, and again when it changes', async () => {
  await member('bounced')
  smtp.behave({ kind: 'refuse', at: 'rcpt', code: 550, words: '5.1.1 No such user' })
  const first = await say('bounced', 'First')
  await until(async () => (await why(snug, first)).email === 'failed')
  const record = await recordOf(snug, first, 'email')
  assert.deepEqual([record.error, record.attempts], ['550 5.1.1 No such user', 1])
  smtp.behave({ kind: 'accept' })
  const second = await say('bounced', 'Second')
  await untilTold(snug)
  assert.deepEqual(await why(snug, second), { email: 'skipped: address_refused', push: 'sent' })
  // The same address again is no other one.
  await put(snug, 'users/bounced', { username: 'bounced', email: 'bounced@example.com' })
  const third = await say('bounced', 'Third')
  await untilTold(snug)
  assert.equal((await why(snug, third)).email, 'skipped: address_refused')
  await put(snug, 'users/bounced', { username: 'bounced', email: 'found@example.com' })
  const fourth = await say('bounced', 'Fourth')
  await untilTold(snug)
  assert.equal((await why(snug, fourth)).email, 'sent')
  assert.deepEqual(
    smtp.received
      .filter(({ to }) => /bounced|found/.test(to.join()))
      .map(({ to, messageId }) => [to.join(), messageId.split('@')[0]]),
    [['found@example.com', fourth]],
  )
})

test('what already waits for an address that bounces is not tried either', async () => {
  await member('both')
  smtp.behave(BUSY)
  const waiting = await say('both', 'First')
  await until(async () => (await recordOf(snug, waiting, 'email'))?.attempts === 1)
  smtp.behave({ kind: 'refuse', at: 'rcpt', code: 550, words: '5.1.1 No such user' })
  const bounced = await say('both', 'Second')
  await until(async () => (await why(snug, bounced)).email === 'failed')
  smtp.behave({ kind: 'accept' })
  await letTimePass(snug)
  await until(async () => (await why(snug, waiting)).email === 'skipped: address_refused')
  assert.ok(!smtp.received.some(({ to }) => to.includes('both@example.com')))
})

test('410: the device is removed, and the record says so', async () => {
  const endpoint = await member('gone')
  push.behave((one) => (one.endpoint === endpoint ? { status: 410, body: 'unsubscribed' } : undefined))
  const first = await say('gone', 'First')
  await untilTold(snug)
  const { at, ...device } = (await recordOf(snug, first, 'push')).devices[0]!
  assert.match(at, /Z$/)
  assert.deepEqual(device, { id: 'device-of-gone', status: 'failed', error: '410 unsubscribed' })
  assert.equal((await why(snug, first)).push, 'skipped: no_device')
  const devices = await snug.call('GET', '/api/v1/devices', { as: 'gone' })
  assert.deepEqual(devices.body.data, [])
  const second = await say('gone', 'Second')
  await untilTold(snug)
  assert.deepEqual(await recordOf(snug, second, 'push').then(({ devices }) => devices), [])
  assert.equal((await why(snug, second)).push, 'skipped: no_device')
  assert.equal(push.received.filter((one) => one.endpoint === endpoint).length, 1, 'asked once')
  const told = await command(['notifications', 'why', first], commandEnv(world))
  assert.match(told.out, /^push +skipped at .*: The recipient has no device; 410 unsubscribed$/m)
  push.behave(null)
})

test('of two devices one is gone: the other has the push, and stays', async () => {
  const endpoint = await member('half-gone')
  const other = push.subscription()
  const body = { platform: 'web', subscription: other }
  await snug.call('PUT', '/api/v1/devices/second-phone', { as: 'half-gone', body })
  push.behave((one) => (one.endpoint === endpoint ? { status: 404 } : undefined))
  const id = await say('half-gone')
  await untilTold(snug)
  const record = await recordOf(snug, id, 'push')
  assert.deepEqual(Object.fromEntries(record.devices.map((device) => [device.id, device.status])), {
    'device-of-half-gone': 'failed',
    'second-phone': 'sent',
  })
  assert.equal(record.status, 'sent')
  const { body: devices } = await snug.call('GET', '/api/v1/devices', { as: 'half-gone' })
  assert.deepEqual(
    devices.data.map((device: { id: string }) => device.id),
    ['second-phone'],
  )
  push.behave(null)
})

for (const status of [429, 503])
  test(`two devices, one of which has to wait (${status}): the other does not get it twice`, async (t) => {
    const user = `two-${status}`
    const endpoint = await member(user)
    const slow = await startPushService()
    t.after(slow.close)
    const body = { platform: 'web', subscription: slow.subscription() }
    await snug.call('PUT', `/api/v1/devices/slow-phone-${status}`, { as: user, body })
    slow.behave((_, number) => (number <= 2 ? { status, headers: { 'retry-after': '1' } } : undefined))
    const id = await say(user)
    await until(async () => (await recordOf(snug, id, 'push'))?.attempts === 1)
    const record = await recordOf(snug, id, 'push')
    assert.deepEqual([record.status, record.reason, record.error], ['queued', 'retry', `${status}`])
    assert.deepEqual(
      record.devices.map((device) => [device.id, device.status]),
      [[`device-of-${user}`, 'sent']],
    )
    await until(async () => {
      await letTimePass(snug)
      return (await why(snug, id)).push === 'sent'
    })
    const times = push.received.filter((one) => one.endpoint === endpoint).length
    assert.equal(times, 1, 'the one that had it')
    assert.equal(slow.received.filter(({ accepted }) => accepted).length, 1)
    assert.equal(slow.requests(), 3)
    assert.equal((await recordOf(snug, id, 'push')).devices.length, 2)
  })

test('notifications: wrong usage is exit code 2, and an unknown message 1', async () => {
  for (const args of [
    [],
    ['nonsense'],
    ['why'],
    ['why', 'no-id'],
    ['failed', '--limit', '0'],
    ['failed', 'x'],
  ]) {
    const { code, out, err } = await notifications(...args)
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.match(err, /^snug: [^\n]+\n$/)
  }
  assert.equal((await notifications('retry', '--message', 'x')).code, 2)
  const unknown = await notifications('why', '01900000-0000-7000-8000-000000000000')
  assert.deepEqual([unknown.code, unknown.out], [1, ''])
  assert.match(unknown.err, /^Nothing is known of that message/)
})
