import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ConflictError,
  ConnectionError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  RateLimitError,
  ServerError,
  Snug,
  SnugError,
  UnauthorizedError,
} from '../../client/src/index.ts'
import { newSnug } from '../kit.ts'
import { clientOf, gate, lineTo } from './kit.ts'

const snug = await newSnug()
await snug.users('ada', 'bob', 'eve')
await snug.community('club', 'ada')
await snug.member('club', 'bob')

/** A real fetch of which a test says what happens to an answer. */
function meddling(answers: ((response: Response) => Response | Error | null)[]) {
  const seen: { method: string; url: string; key: string | null; status: number; token: string | null }[] = []
  const call: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    const headers = new Headers(init?.headers)
    seen.push({
      method: init?.method ?? 'GET',
      url: String(input),
      key: headers.get('idempotency-key'),
      token: headers.get('authorization'),
      status: response.status,
    })
    const answer = answers.shift()?.(response) ?? response
    if (answer instanceof Error) throw answer
    return answer
  }
  return { call, seen }
}

const lost = () => new TypeError('the connection was lost')
const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    new Response('{"message":"no"}', { status: code, headers })

test('lists, one by one and all of them', async () => {
  const ada = clientOf(snug, 'ada')
  const { data } = await ada.communities.list()
  assert.deepEqual(
    data.map(({ id, role }) => [id, role]),
    [['club', 'creator']],
  )
  for (let n = 1; n <= 5; n++) await snug.send('club', 'bob', 'ada', `text ${n}`)
  const texts = async (perPage?: number) => {
    const all = await Array.fromAsync(ada.messages.iterate('club', 'bob', { perPage }))
    return all.map(({ content }) => content)
  }
  assert.deepEqual(await texts(), ['text 1', 'text 2', 'text 3', 'text 4', 'text 5'])
  assert.deepEqual(await texts(2), await texts())
  const last = await ada.messages.list('club', 'bob', { page: 'last', perPage: 2 })
  assert.deepEqual([last.data.length, last.total], [1, 5])
  assert.equal((await ada.conversations.list('club', { filter: 'unread', q: 'bob' })).total, 1)
  assert.equal((await Array.fromAsync(ada.conversations.iterate('club', { filter: 'unread' }))).length, 1)
  const id = last.data[0]?.id as string
  assert.deepEqual(await ada.messages.markRead('club', 'bob', id), { unread_count: 0 })
  // Each sees both marks from their own side: bob wrote the five, ada has just read them.
  const marks = { unread_count: 0, message_id: id, position: 5, other_message_id: id, other_position: 5 }
  assert.deepEqual(await ada.messages.readMarks('club', 'bob'), marks)
  assert.deepEqual(await clientOf(snug, 'bob').messages.readMarks('club', 'ada'), marks)
  await clientOf(snug, 'bob').messages.delete('club', id)
  assert.equal((await ada.messages.list('club', 'bob')).total, 4)
})

test('insights, in a time zone', async () => {
  const insights = await clientOf(snug, 'ada').communities.insights('club', { time_zone: 'Asia/Tokyo' })
  assert.match(insights.since, /T15:00:00Z$/)
  assert.equal(insights.messages_by_day.length, 90)
  const utc = await clientOf(snug, 'ada').communities.insights('club')
  assert.match(utc.since, /T00:00:00Z$/)
  const refused = clientOf(snug, 'bob').communities.insights('club')
  await assert.rejects(refused, ForbiddenError)
})

test('members, settings, devices', async () => {
  const ada = clientOf(snug, 'ada')
  const [member] = await Array.fromAsync(ada.members.iterate('club', { status: 'active' }))
  assert.equal(member?.user.id, 'bob')
  assert.equal((await ada.members.block('club', 'bob', { reason: 'spam' })).metadata.block_reason, 'spam')
  assert.equal((await ada.members.get('club', member?.id as string)).is_blocked, true)
  assert.equal((await ada.members.unblock('club', 'bob')).is_blocked, false)
  await snug.member('club', 'bob')
  await ada.settings.set('messages.email', false)
  const settings = await ada.settings.list()
  assert.equal(settings.find(({ key }) => key === 'messages.email')?.value, 'false')
  assert.match(await ada.push.publicKey(), /^[\w-]{80,}$/)
  await ada.devices.register('phone', { platform: 'apns', token: 'abcd' })
  assert.deepEqual(
    (await ada.devices.list()).data.map(({ id }) => id),
    ['phone'],
  )
  await ada.devices.remove('phone')
  assert.equal((await ada.devices.list()).total, 0)
})

test('errors say what they are', async () => {
  const bob = clientOf(snug, 'bob')
  const fails = async (call: Promise<unknown>, Class: typeof SnugError, code: number, words: string[]) => {
    const error = await call.then(
      () => assert.fail('it was accepted'),
      (cause: unknown) => cause,
    )
    assert.ok(error instanceof Class && error instanceof SnugError, String(error))
    assert.equal(error.name, Class.name)
    assert.equal(error.status, code)
    assert.deepEqual(error.messages, words)
    assert.ok(error.requestId)
  }
  await fails(bob.messages.list('club', 'eve'), ForbiddenError, 403, [
    'You cannot view messages with this user',
  ])
  await fails(bob.messages.list('nowhere', 'eve'), NotFoundError, 404, ['Not Found'])
  await fails(bob.messages.send('club', 'ada', ' '), InvalidError, 422, ["Content can't be blank"])
  await fails(bob.members.list('club'), ForbiddenError, 403, [
    "You don't have permission to view community members",
  ])
  await bob.messages.send('club', 'ada', 'one', { key: 'k1' })
  await fails(bob.messages.send('club', 'ada', 'two', { key: 'k1' }), ConflictError, 409, [
    'Idempotency-Key was used for another message',
  ])
  await fails(clientOf(snug, 'nobody').communities.list(), UnauthorizedError, 401, ['Unknown User'])
  const settings = clientOf(snug, 'bob').settings.set('messages.sms' as never, true)
  await fails(settings, InvalidError, 422, ['Invalid setting key'])
  await assert.rejects(
    clientOf(snug, 'bob', {
      fetch: async () => {
        throw lost()
      },
    }).communities.list(),
    ConnectionError,
  )
})

test('a send arrives once, whatever becomes of the answers', async () => {
  const total = async () => (await clientOf(snug, 'bob').messages.list('club', 'ada')).total
  const before = await total()
  const { call, seen } = meddling([lost, status(503), status(500), status(429)])
  const message = await clientOf(snug, 'bob', { fetch: call }).messages.send('club', 'ada', 'only once')
  assert.equal(message.content, 'only once')
  assert.deepEqual(
    seen.map((one) => one.status),
    [201, 201, 201, 201, 201],
  )
  assert.equal(new Set(seen.map(({ key }) => key)).size, 1)
  assert.equal(await total(), before + 1)
})

test('it gives up in the end, and never tries again what was refused', async () => {
  const endless = meddling(Array(20).fill(status(502)))
  const bob = clientOf(snug, 'bob', { fetch: endless.call })
  await assert.rejects(bob.communities.list(), ServerError)
  assert.equal(endless.seen.length, 6)
  const refused = meddling([])
  const other = clientOf(snug, 'bob', { fetch: refused.call })
  await assert.rejects(other.messages.send('club', 'eve', 'hello'), ForbiddenError)
  await assert.rejects(other.messages.send('club', 'ada', ''), InvalidError)
  assert.equal(refused.seen.length, 2)
  // What would not be the same when done twice: it may have been done.
  const unclear = meddling([lost])
  await assert.rejects(
    clientOf(snug, 'ada', { fetch: unclear.call }).members.block('club', 'bob'),
    ConnectionError,
  )
  assert.equal(unclear.seen.length, 1)
  await clientOf(snug, 'ada').members.unblock('club', 'bob')
  await snug.member('club', 'bob')
})

test('Retry-After is waited for, unless it is too long', async () => {
  const waits: number[] = []
  const timers = {
    setTimeout: (work: () => void, ms: number) => {
      // The time-outs of requests are not what is looked at here.
      if (ms < 30_000) waits.push(ms)
      return setTimeout(work, ms < 30_000 ? 0 : ms)
    },
    clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  }
  const random = () => 0.5
  const { call } = meddling([
    status(429, { 'retry-after': '7' }),
    status(503, { 'retry-after': '2' }),
    lost,
    lost,
  ])
  await clientOf(snug, 'bob', { fetch: call, timers, random }).communities.list()
  assert.deepEqual(waits, [7_000, 2_000, 800, 1_600])
  const long = meddling([status(429, { 'retry-after': '600' })])
  const error = await clientOf(snug, 'bob', { fetch: long.call })
    .communities.list()
    .catch((cause) => cause)
  assert.ok(error instanceof RateLimitError)
  assert.equal(error.retryAfter, 600)
})

test('a deletion that may have been done is done', async () => {
  const { id } = await snug.send('club', 'bob', 'ada', 'to go')
  await clientOf(snug, 'bob', { fetch: meddling([lost]).call }).messages.delete('club', id)
  await assert.rejects(clientOf(snug, 'bob').messages.delete('club', id), NotFoundError)
})

test('a 401 asks for a fresh token once, and everybody shares the asking', async () => {
  let asked = 0
  const token = async () => (++asked === 1 ? 'bad' : snug.token('bob'))
  const bob = new Snug({ url: snug.snug.url, token })
  const lists = await Promise.all([1, 2, 3, 4].map(() => bob.communities.list()))
  assert.deepEqual(
    lists.map(({ total }) => total),
    [1, 1, 1, 1],
  )
  assert.equal(asked, 2)
  let bad = 0
  const hopeless = new Snug({ url: snug.snug.url, token: () => `bad ${++bad}` })
  await assert.rejects(hopeless.communities.list(), UnauthorizedError)
  assert.equal(bad, 2)
})

test('a token is asked for again shortly before it expires', async () => {
  let now = Date.now()
  let asked = 0
  const token = () => {
    asked++
    return snug.snug.sign('bob', 3_600).access_token
  }
  const bob = clientOf(snug, 'bob', { token, clock: () => now })
  await bob.communities.list()
  now += 3_500_000
  await bob.communities.list()
  assert.equal(asked, 1)
  now += 80_000
  await bob.communities.list()
  assert.equal(asked, 2)
  // On a device whose clock is days ahead every token looks expired: the server knows better.
  now += 10 * 86_400_000
  for (let n = 0; n < 3; n++) await bob.communities.list()
  assert.equal(asked, 3)
})

test('a token that cannot be had is the application own error', async () => {
  const broken = new Error('signed out')
  const bob = clientOf(snug, 'bob', { token: () => Promise.reject(broken) })
  await assert.rejects(bob.communities.list(), broken)
})

test('a signal ends a call with its reason, wherever it is', async () => {
  const reason = new Error('enough')
  const aborted = AbortSignal.abort(reason)
  await assert.rejects(clientOf(snug, 'bob').communities.list({ signal: aborted }), reason)

  const inToken = new AbortController()
  const waiting = clientOf(snug, 'bob', { token: () => new Promise(() => {}) })
  const call = waiting.communities.list({ signal: inToken.signal })
  inToken.abort(reason)
  await assert.rejects(call, reason)

  const arrived = gate()
  const inFetch = new AbortController()
  const slow: typeof fetch = (_, init) =>
    new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      arrived.open()
    })
  const fetching = clientOf(snug, 'bob', { fetch: slow }).messages.send('club', 'ada', 'x', {
    signal: inFetch.signal,
  })
  await arrived.promise
  inFetch.abort(reason)
  await assert.rejects(fetching, reason)

  const inPause = new AbortController()
  const paused = clientOf(snug, 'bob', {
    fetch: meddling([status(503, { 'retry-after': '50' })]).call,
  }).communities.list({ signal: inPause.signal })
  setTimeout(() => inPause.abort(reason), 50)
  await assert.rejects(paused, reason)
})

test('a line that breaks in the middle is tried again', async () => {
  const proxy = await lineTo(snug.snug.url)
  const bob = clientOf(snug, 'bob', { url: `${proxy.url}/` })
  assert.equal((await bob.communities.list()).total, 1)
  proxy.cut()
  assert.equal((await bob.communities.list()).total, 1)
})
