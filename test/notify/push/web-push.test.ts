import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { Outcome } from '../../../src/domain/delivery.ts'
import { type PushService, startPushService } from '../push-services.ts'
import {
  LOOPBACK,
  newSender,
  pushOf,
  SHORT_MS,
  sendAfterPause,
  startSilence,
  until,
  VAPID,
  webDevice,
  wordsOf,
} from './kit.ts'

let service: PushService
before(async () => {
  service = await startPushService()
})
after(() => service.close())
afterEach(() => service.behave(null))

const send = (options = {}, push = pushOf()): Promise<Outcome> =>
  newSender(options).send(webDevice(service.subscription()), push)

test('a push arrives encrypted for its browser alone, signed by us, and says what it is', async () => {
  const sender = newSender()
  const subscription = service.subscription()
  assert.deepEqual(await sender.send(webDevice(subscription), pushOf({ text: 'Overnight.' })), {
    kind: 'sent',
  })
  const push = service.received.at(-1)
  assert.equal(push?.endpoint, subscription.endpoint)
  assert.equal(push?.note.title, 'tom')
  assert.equal(push?.note.body, 'Overnight.')
  assert.equal(push?.note.badge, 3)
  assert.equal(push?.note.data.community_id, 'bakers')
  assert.equal(push?.vapid?.key, sender.publicKey)
  assert.equal(push?.vapid?.sub, VAPID.subject)
  assert.equal(push?.headers.urgency, 'normal')
  assert.equal(push?.headers.ttl, '259200')
  assert.equal(push?.headers.topic, push?.note.thread)
  assert.deepEqual(service.faults, [])
})

test('the longest push fits', async () => {
  const name = '\u0001'.repeat(500)
  const push = pushOf({ text: name, sender: { id: 'i'.repeat(64), username: name, avatarUrl: null } })
  assert.equal((await send({}, push)).kind, 'sent')
  assert.ok((service.received.at(-1)?.bytes ?? 9999) <= 4096)
})

test('connections are kept, and no more than eight to one service', async () => {
  const own = await startPushService()
  after(() => own.close())
  const sender = newSender()
  const device = webDevice(own.subscription())
  let go = () => {}
  const told = new Promise<void>((resolve) => {
    go = resolve
  })
  own.behave(() => ({ until: told }))
  const all = Array.from({ length: 30 }, () => sendAfterPause(sender, device))
  await until(() => own.requests() >= 8)
  go()
  assert.ok((await Promise.all(all)).every(({ kind }) => kind === 'sent'))
  assert.equal(own.requests(), 30)
  assert.equal(own.connections(), 8)
})

test('what the service says becomes of it', async () => {
  const cases: [number, Record<string, string>, string, number?][] = [
    [200, {}, 'sent'],
    [202, {}, 'sent'],
    [404, {}, 'gone 404 so it says'],
    [410, {}, 'gone 410 so it says'],
    [400, {}, 'refused 400 so it says'],
    [403, {}, 'refused 403 so it says'],
    [413, {}, 'refused 413 so it says'],
    [429, { 'retry-after': '90' }, 'later 429 so it says', 90_000],
    [500, {}, 'later 500 so it says'],
    [503, { 'retry-after': '7' }, 'later 503 so it says', 7000],
  ]
  for (const [status, headers, expected, afterMs] of cases) {
    service.behave(() => ({ status, headers, body: 'so\r\n\u001b it says' }))
    const outcome = await send()
    assert.equal(wordsOf(outcome), expected)
    if (outcome.kind === 'later') assert.equal(outcome.afterMs, afterMs ?? null)
  }
})

test('a redirect is refused, and not followed', async () => {
  const elsewhere = await startPushService()
  after(() => elsewhere.close())
  for (const status of [301, 302, 303, 307, 308]) {
    service.behave(() => ({ status, headers: { location: elsewhere.subscription().endpoint } }))
    assert.equal(wordsOf(await send()), `refused ${status}`)
  }
  assert.equal(elsewhere.connections(), 0)
})

test('a service that hangs takes one deadline, then nobody waits for it', async () => {
  service.behave(() => ({ hang: true }))
  const sender = newSender({ deadlineMs: SHORT_MS })
  const hanging = await sender.send(webDevice(service.subscription()), pushOf())
  assert.equal(wordsOf(hanging), `later no answer within ${SHORT_MS} ms`)
  const requests = service.requests()
  const next = await sender.send(webDevice(service.subscription()), pushOf())
  assert.ok(next.kind === 'paused' && next.afterMs > 0 && next.afterMs <= 1000, JSON.stringify(next))
  assert.equal(service.requests(), requests)
  const other = await startPushService()
  after(() => other.close())
  assert.equal((await sender.send(webDevice(other.subscription()), pushOf())).kind, 'sent')
})

test('the deadline holds while looking up and connecting as well', async () => {
  const { keys } = service.subscription()
  const endpoint = `https://127.0.0.1:${await startSilence()}/push`
  const connecting = await newSender({ deadlineMs: SHORT_MS }).send(webDevice({ endpoint, keys }), pushOf())
  assert.equal(wordsOf(connecting), `later no answer within ${SHORT_MS} ms`)
  const sender = newSender({ deadlineMs: SHORT_MS, resolve: () => new Promise(() => {}) })
  const lookingUp = await sender.send(webDevice(service.subscription('push.test')), pushOf())
  assert.equal(wordsOf(lookingUp), `later no answer within ${SHORT_MS} ms`)
})

test('a line that is cut before the answer is for later, after the status it changes nothing', async () => {
  service.behave(() => ({ cut: 'before' }))
  assert.equal(wordsOf(await send()), 'later ECONNRESET')
  service.behave(() => ({ cut: 'during' }))
  assert.equal(wordsOf(await send()), 'sent')
  service.behave(() => ({ cut: 'during', status: 410 }))
  assert.equal(wordsOf(await send()), 'gone 410 half of')
})

test('of an answer without an end only the beginning is read, and not after the deadline', async () => {
  service.behave(() => ({ endless: 'fast', status: 400 }))
  assert.equal(wordsOf(await send()), `refused ${'400 '.padEnd(299, 'x')}…`)
  service.behave(() => ({ endless: 'slow' }))
  assert.equal(wordsOf(await send({ deadlineMs: SHORT_MS })), 'sent')
  service.behave(() => ({ endless: 'slow', status: 503 }))
  assert.match(wordsOf(await send({ deadlineMs: SHORT_MS })), /^later 503 x+$/)
})

test('where nobody listens, where TLS is not trusted, and what has no address is for later', async () => {
  const closed = await startPushService()
  const device = webDevice(closed.subscription())
  await closed.close()
  assert.equal(wordsOf(await newSender().send(device, pushOf())), 'later ECONNREFUSED')
  const untrusting = { ca: undefined } as object
  assert.match(wordsOf(await send(untrusting)), /^later [A-Z_]*(CERT|SIGNATURE|ISSUER)[A-Z_]*$/)
  const nowhere = newSender({
    resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
  })
  const named = webDevice(service.subscription('push.test'))
  assert.equal(wordsOf(await nowhere.send(named, pushOf())), 'later ENOTFOUND')
})

test('keys that are none are gone; so nothing else stops', async () => {
  const sender = newSender()
  const good = webDevice(service.subscription())
  for (const p256dh of ['', 'AAAA', Buffer.alloc(65, 4).toString('base64url')]) {
    assert.equal((await sender.send({ ...good, p256dh }, pushOf())).kind, 'gone')
  }
  assert.equal((await sender.send({ ...good, auth: 'AAAA' }, pushOf())).kind, 'gone')
  assert.equal((await sender.send(good, pushOf())).kind, 'sent')
})

test('VAPID keys that are none end the start', () => {
  assert.throws(() => newSender({ vapid: { ...VAPID, privateKey: 'AAAA' } }))
  assert.throws(() => newSender({ vapid: { ...VAPID, subject: 'somebody' } }))
})

test('closing ends what is under way, and takes nothing new', async () => {
  service.behave(() => ({ hang: true }))
  const sender = newSender({ webPushAllow: LOOPBACK })
  const before = service.requests()
  const hanging = sender.send(webDevice(service.subscription()), pushOf())
  await until(() => service.requests() > before)
  await sender.close()
  assert.equal(wordsOf(await hanging), 'later ECONNRESET')
  service.behave(null)
  const closed = newSender()
  await closed.close()
  assert.equal(wordsOf(await closed.send(webDevice(service.subscription()), pushOf())), 'paused')
})
