import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { createApns } from '../../../src/notify/push/apns.ts'
import type { PushOptions } from '../../../src/notify/push/index.ts'
import { noteOf } from '../../../src/notify/push/note.ts'
import { type ApnsService, CA, startApns } from '../push-services.ts'
import { device, newSender, pushOf, SHORT_MS, sendAfterPause, startSilence, until, wordsOf } from './kit.ts'

const TOKEN = 'ab'.repeat(32)

let service: ApnsService
before(async () => {
  service = await startApns()
})
after(() => service.close())
afterEach(() => service.behave(null))

const newApns = (options: Partial<PushOptions> = {}) => newSender({ apns: service, ...options })
const send = async (sender = newApns()) => wordsOf(await sender.send(device('apns', TOKEN), pushOf()))

test('a push arrives with its headers, and what the app needs beside the alert', async () => {
  const push = pushOf({ text: 'Overnight.', badge: 7 })
  assert.equal((await newApns().send(device('apns', TOKEN), push)).kind, 'sent')
  const one = service.received.at(-1)
  const thread = one?.headers['apns-collapse-id']
  assert.equal(one?.device, TOKEN)
  assert.match(String(thread), /^[\w-]{32}$/)
  assert.equal(one?.headers['apns-topic'], service.topic)
  assert.equal(one?.headers['apns-push-type'], 'alert')
  assert.equal(one?.headers['apns-priority'], '10')
  const days = (Number(one?.headers['apns-expiration']) - Date.now() / 1000) / 86_400
  assert.ok(days > 2.9 && days <= 3)
  assert.deepEqual(one?.payload, {
    aps: {
      alert: { title: 'tom', body: 'Overnight.' },
      badge: 7,
      sound: 'default',
      'thread-id': thread,
    },
    community_id: 'bakers',
    conversation_id: push.conversationId,
    message_id: push.messages[0].id,
    sender_id: 'tom',
  })
})

test('one session and one token for all', async () => {
  const before = service.sessions()
  const sender = newApns()
  const one = () => sendAfterPause(sender, device('apns', TOKEN))
  const all = await Promise.all(Array.from({ length: 150 }, one))
  assert.ok(all.every(({ kind }) => kind === 'sent'))
  assert.equal(service.sessions(), before + 1)
  assert.equal(new Set(service.received.slice(-150).map(({ token }) => token)).size, 1)
})

test('the token is renewed after forty minutes', async () => {
  const clock = { now: Date.now() - 50 * 60_000 }
  const apns = createApns(service, { deadlineMs: 10_000, ca: CA, now: () => clock.now })
  after(() => apns.close())
  const tokens: (string | undefined)[] = []
  for (const minutes of [0, 39, 2]) {
    clock.now += minutes * 60_000
    assert.equal((await apns.send(TOKEN, noteOf(pushOf()))).outcome.kind, 'sent')
    tokens.push(service.received.at(-1)?.token)
  }
  assert.equal(tokens[0], tokens[1])
  assert.notEqual(tokens[1], tokens[2])
})

test('a token that has ended is made anew', async () => {
  // Tokens name the second they were made in: the first is of an earlier one.
  const clock = { now: Date.now() - 60_000 }
  const apns = createApns(service, { deadlineMs: 10_000, ca: CA, now: () => clock.now })
  after(() => apns.close())
  const note = noteOf(pushOf())
  await apns.send(TOKEN, note)
  service.expireTokens()
  clock.now = Date.now()
  assert.deepEqual(await apns.send(TOKEN, note), {
    outcome: { kind: 'later', words: '403 ExpiredProviderToken', afterMs: null },
    service: 'ill',
  })
  assert.equal((await apns.send(TOKEN, note)).outcome.kind, 'sent')
})

const CHECK_URL = 'if all devices have it, SNUG_APNS_URL is the other of sandbox and production'
const CHECK_TOPIC = "if all devices have it, SNUG_APNS_TOPIC is not the app's bundle id"

test('what APNs says becomes of it', async () => {
  const cases: [number, string, string][] = [
    [410, 'Unregistered', 'gone 410 Unregistered'],
    [410, 'ExpiredToken', 'gone 410 ExpiredToken'],
    // As they are for every device when our configuration is wrong.
    [400, 'BadDeviceToken', `refused 400 BadDeviceToken: ${CHECK_URL}`],
    [400, 'DeviceTokenNotForTopic', `refused 400 DeviceTokenNotForTopic: ${CHECK_TOPIC}`],
    [400, 'BadTopic', 'refused 400 BadTopic'],
    [403, 'InvalidProviderToken', 'refused 403 InvalidProviderToken'],
    [413, 'PayloadTooLarge', 'refused 413 PayloadTooLarge'],
    [429, 'TooManyRequests', 'later 429 TooManyRequests'],
    [500, 'InternalServerError', 'later 500 InternalServerError'],
    [503, 'Shutdown', 'later 503 Shutdown'],
  ]
  for (const [status, reason, words] of cases) {
    service.behave(() => ({ status, body: JSON.stringify({ reason }) }))
    assert.equal(await send(), words)
  }
  service.behave(() => ({ status: 400, body: 'null' }))
  assert.equal(await send(), 'refused 400 null')
})

test('429 pauses its device, 503 all of them, for as long as they ask', async () => {
  for (const status of [429, 503]) {
    service.behave(() => ({ status, headers: { 'retry-after': '100' } }))
    const sender = newApns()
    const one = device('apns', TOKEN)
    assert.deepEqual(await sender.send(one, pushOf()), {
      kind: 'later',
      words: String(status),
      afterMs: 100_000,
    })
    service.behave(null)
    const next = await sender.send(one, pushOf())
    assert.ok(next.kind === 'paused' && next.afterMs > 90_000)
    assert.equal(await send(sender), status === 429 ? 'sent' : 'paused')
  }
})

test('after a GOAWAY those under way end as they would, and the next have a new session', async () => {
  let go = () => {}
  const told = new Promise<void>((resolve) => {
    go = resolve
  })
  service.behave(() => ({ until: told }))
  const sender = newApns()
  const received = service.received.length
  const before = send(sender)
  await until(() => service.received.length > received)
  const sessions = service.sessions()
  service.goAway()
  service.behave(null)
  // The announcement is on its way: until it is there requests go to the old session, which takes none any more.
  for (;;) {
    const words = await send(sender)
    if (words === 'sent') break
    assert.equal(words, 'later REFUSED_STREAM')
  }
  assert.equal(service.received.at(-1)?.session, sessions + 1)
  go()
  assert.equal(await before, 'sent')
})

test('a lost session is for later for all that were under way, and opened anew', async () => {
  service.behave(() => ({ hang: true }))
  const sender = newApns()
  const received = service.received.length
  const all = [send(sender), send(sender), send(sender)]
  await until(() => service.received.length >= received + 3)
  service.cut()
  for (const words of await Promise.all(all)) assert.match(words, /^later /)
  service.behave(null)
  const sessions = service.sessions()
  assert.equal((await sendAfterPause(sender, device('apns', TOKEN))).kind, 'sent')
  assert.equal(service.sessions(), sessions + 1)
})

test('a service that hangs takes one deadline, and the next has a new session', async () => {
  service.behave(() => ({ hang: true }))
  const sender = newApns({ deadlineMs: SHORT_MS })
  assert.equal(await send(sender), `later no answer within ${SHORT_MS} ms`)
  assert.equal(await send(sender), 'paused')
  service.behave(null)
  const sessions = service.sessions()
  assert.equal((await sendAfterPause(sender, device('apns', TOKEN))).kind, 'sent')
  assert.equal(service.sessions(), sessions + 1)
})

test('with the status the service has decided, whatever comes after', async () => {
  service.behave(() => ({ cut: 'during' }))
  assert.equal(await send(), 'sent')
  service.behave(() => ({ endless: 'fast', status: 400 }))
  assert.equal(await send(), `refused ${'400 '.padEnd(299, 'x')}…`)
  service.behave(() => ({ endless: 'slow' }))
  assert.equal(await send(newApns({ deadlineMs: SHORT_MS })), 'sent')
})

test('where nobody listens it is for later', async () => {
  const closed = await startApns()
  await closed.close()
  assert.equal(await send(newSender({ apns: closed })), 'later ECONNREFUSED')
})

test('the deadline holds while connecting as well', async () => {
  const silent = { ...service, url: `https://127.0.0.1:${await startSilence()}` }
  const sender = newSender({ apns: silent, deadlineMs: SHORT_MS })
  const both = await Promise.all([send(sender), send(sender)])
  for (const words of both) assert.match(words, /^later /)
  assert.equal(both[0], `later no answer within ${SHORT_MS} ms`)
})

test('what is not a device token never becomes part of a path', async () => {
  const received = service.received.length
  for (const bad of ['', '../x', 'ab/cd', 'zz', `${TOKEN}\r\n`]) {
    assert.equal((await newApns().send(device('apns', bad), pushOf())).kind, 'gone')
  }
  assert.equal(service.received.length, received)
  assert.deepEqual(service.faults, ['ExpiredProviderToken'])
})

test('closing ends the session', async () => {
  service.behave(() => ({ hang: true }))
  const sender = newApns()
  const received = service.received.length
  const hanging = send(sender)
  await until(() => service.received.length > received)
  await sender.close()
  assert.match(await hanging, /^later (?!no answer)/)
  service.behave(null)
  const closed = newApns()
  await closed.close()
  assert.equal(await send(closed), 'paused')
})
