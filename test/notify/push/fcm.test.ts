import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { readPushConfig } from '../../../src/config/push.ts'
import type { PushOptions } from '../../../src/notify/push/index.ts'
import { type FcmService, fcmFault, startFcm } from '../push-services.ts'
import { device, newSender, pushOf, SHORT_MS, sendAfterPause, wordsOf } from './kit.ts'

let service: FcmService
before(async () => {
  service = await startFcm()
})
after(() => service.close())
afterEach(() => {
  service.behave(null)
  service.behaveToken(null)
})

function newFcm(options: Partial<PushOptions> = {}) {
  const { fcm } = readPushConfig({
    SNUG_FCM_CREDENTIALS: service.credentials,
    SNUG_FCM_URL: `${service.url}/`,
  })
  return newSender({ fcm, ...options })
}
const send = async (sender = newFcm()) => wordsOf(await sender.send(device('fcm', 'its-token'), pushOf()))

test('a message arrives with what every platform needs, and data of strings alone', async () => {
  const push = pushOf({ text: 'Overnight.', badge: 7 })
  assert.equal((await newFcm().send(device('fcm', 'its-token'), push)).kind, 'sent')
  const message = service.received.at(-1)
  const thread = message?.android.collapse_key ?? ''
  assert.deepEqual(message, {
    token: 'its-token',
    notification: { title: 'tom', body: 'Overnight.' },
    data: {
      community_id: 'bakers',
      conversation_id: push.conversationId,
      message_id: push.messages[0].id,
      sender_id: 'tom',
      badge: '7',
    },
    android: {
      priority: 'HIGH',
      ttl: '259200s',
      collapse_key: thread,
      notification: { tag: thread, notification_count: 7 },
    },
    apns: {
      headers: { 'apns-priority': '10', 'apns-collapse-id': thread },
      payload: { aps: { badge: 7, sound: 'default', 'thread-id': thread } },
    },
  })
  assert.match(thread, /^[\w-]{32}$/)
  assert.deepEqual(service.faults, [])
})

test('one access token for all, however many ask at once, until shortly before it ends', async () => {
  const before = service.tokenRequests()
  const sender = newFcm()
  const all = await Promise.all(Array.from({ length: 20 }, () => send(sender)))
  assert.deepEqual(new Set(all), new Set(['sent']))
  assert.equal(service.tokenRequests(), before + 1)
  service.behaveToken(null, 60)
  const short = newFcm()
  await send(short)
  await send(short)
  assert.equal(service.tokenRequests(), before + 3, 'with a minute left a token is not used again')
})

test('a token that is not taken any more is fetched anew', async () => {
  const sender = newFcm()
  await send(sender)
  const before = service.tokenRequests()
  service.revokeTokens()
  assert.match(await send(sender), /^later 401 Request had invalid/)
  assert.equal((await sendAfterPause(sender, device('fcm', 'its-token'))).kind, 'sent')
  assert.equal(service.tokenRequests(), before + 1)
})

test('what FCM says becomes of it', async () => {
  const message = 'The registration token is not a valid FCM registration token'
  const entity = 'Requested entity was not found.'
  const argument = 'Request contains an invalid argument.'
  const invalid = { errorCode: 'INVALID_ARGUMENT' }
  const cases: [ReturnType<typeof fcmFault>, string][] = [
    [fcmFault(404, 'NOT_FOUND', entity, { errorCode: 'UNREGISTERED' }), `gone 404 UNREGISTERED ${entity}`],
    [fcmFault(404, 'NOT_FOUND', 'No such project'), 'refused 404 No such project'],
    [fcmFault(400, 'INVALID_ARGUMENT', message, invalid), `gone 400 INVALID_ARGUMENT ${message}`],
    [
      fcmFault(400, 'INVALID_ARGUMENT', argument, { ...invalid, field: 'message.token' }),
      `gone 400 INVALID_ARGUMENT ${argument}`,
    ],
    [
      fcmFault(400, 'INVALID_ARGUMENT', argument, { ...invalid, field: 'message.data[0].value' }),
      `refused 400 INVALID_ARGUMENT ${argument}`,
    ],
    [
      fcmFault(403, 'PERMISSION_DENIED', 'no', { errorCode: 'SENDER_ID_MISMATCH' }),
      'refused 403 SENDER_ID_MISMATCH no',
    ],
    [
      fcmFault(500, 'INTERNAL', 'Internal error encountered.', { errorCode: 'INTERNAL' }),
      'later 500 INTERNAL Internal error encountered.',
    ],
    [
      { status: 302, headers: { 'content-type': '', location: service.url } as never, body: '' },
      'refused 302',
    ],
    [{ status: 400, headers: {} as never, body: '[null]' }, 'refused 400 [null]'],
    [{ status: 400, headers: {} as never, body: 'null' }, 'refused 400 null'],
  ]
  for (const [answer, words] of cases) {
    service.behave(() => answer)
    assert.equal(await send(), words)
  }
})

test('429 and 503 are waited out as they ask', async () => {
  for (const status of [429, 503]) {
    service.behave(() => ({ status, headers: { 'retry-after': '100' } }))
    const sender = newFcm()
    const one = device('fcm', 'its-token')
    const outcome = await sender.send(one, pushOf())
    assert.deepEqual(outcome, { kind: 'later', words: String(status), afterMs: 100_000 })
    const next = await sender.send(one, pushOf())
    assert.ok(next.kind === 'paused' && next.afterMs > 90_000 && next.afterMs <= 100_000)
    service.behave(null)
    const other = await sender.send(device('fcm', 'another'), pushOf())
    assert.equal(other.kind, status === 429 ? 'sent' : 'paused')
  }
})

test('no token, no message: the reason is told, and it is tried again later', async () => {
  const before = service.received.length
  service.behaveToken(() => ({
    status: 400,
    body: '{"error":"invalid_grant","error_description":"Invalid JWT"}',
  }))
  assert.equal(await send(), 'later no access token: 400 invalid_grant Invalid JWT')
  service.behaveToken(() => ({ body: '{"access_token":"a\\nb","expires_in":3600}' }))
  assert.match(await send(), /^later no access token: 200/)
  service.behaveToken(() => ({ body: 'null' }))
  assert.match(await send(), /^later no access token: 200/)
  service.behaveToken(() => ({ hang: true }))
  assert.equal(await send(newFcm({ deadlineMs: SHORT_MS })), `later no answer within ${SHORT_MS} ms`)
  assert.equal(service.received.length, before)
})

test('a service that hangs or cuts the line is for later', async () => {
  service.behave(() => ({ hang: true }))
  assert.equal(await send(newFcm({ deadlineMs: SHORT_MS })), `later no answer within ${SHORT_MS} ms`)
  service.behave(() => ({ cut: 'before' }))
  assert.equal(await send(), 'later ECONNRESET')
})

test('an iPhone that FCM has no key for is no fault of our token, and pauses nobody', async () => {
  const sender = newFcm()
  await send(sender)
  const before = service.tokenRequests()
  service.behave(() => fcmFault(401, 'UNAUTHENTICATED', 'no', { errorCode: 'THIRD_PARTY_AUTH_ERROR' }))
  assert.equal(await send(sender), 'later 401 THIRD_PARTY_AUTH_ERROR no')
  service.behave(null)
  assert.equal(await send(sender), 'sent')
  assert.equal(service.tokenRequests(), before)
})

test('without credentials its devices are refused, and kept', async () => {
  assert.equal(await send(newSender()), 'refused fcm is not configured')
})
