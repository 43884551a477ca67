import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import type pg from 'pg'
import { signClaims } from '../contract/client.ts'
import { NotOpened, type OpenOptions, openStream, STREAM, TRANSPORTS, type Transport } from './kit.ts'
import { newWorld } from './world.ts'

// Who may open a stream, and when it ends (CONTRACT §1 and §6).

const ORIGIN = 'https://community.test'
const world = await newWorld({ env: { SNUG_CORS_ORIGINS: ORIGIN } })
const secret = world.snug.snug.secrets.jwtSecret
await world.users('creator', 'member', 'erased', 'erased-later')
await world.community('club', 'creator')
await world.member('club', 'member')
await world.erase('erased')

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds
const claims = (sub: string, seconds: number) => ({ sub, exp: inSeconds(seconds) })
const good = signClaims(claims('member', 600), secret)

const REFUSED: readonly (readonly [what: string, token: string | null, message: string])[] = [
  ['no token', null, 'Missing Token'],
  ['something that is no token', 'nonsense', 'Invalid Token'],
  ['a token of another secret', signClaims(claims('member', 600), 'x'.repeat(32)), 'Invalid Token'],
  ['an expired one', signClaims(claims('member', -1), secret), 'Token has expired'],
  ['a user the host never told of', signClaims(claims('nobody', 600), secret), 'Unknown User'],
  ['an erased one', signClaims(claims('erased', 600), secret), 'Unknown User'],
]

const refusedTo = async (token: string | null, options: OpenOptions): Promise<NotOpened> => {
  const error = await openStream(world.url, token, options).then(
    () => assert.fail('it was opened'),
    (cause: unknown) => cause,
  )
  assert.ok(error instanceof NotOpened, String(error))
  return error
}

for (const transport of TRANSPORTS) {
  test(`401 before anything is opened (${transport})`, async () => {
    const ids = new Set<unknown>()
    for (const [what, token, message] of REFUSED) {
      const { status, text, headers } = await refusedTo(token, { transport })
      assert.deepEqual([status, JSON.parse(text)], [401, { message }], what)
      assert.match(String(headers['content-type']), /^application\/json/)
      assert.match(String(headers['x-request-id']), /^[\w-]{8,}$/)
      ids.add(headers['x-request-id'])
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(headers['www-authenticate'], 'Bearer')
    }
    assert.equal(ids.size, REFUSED.length)
  })

  test(`the token in the header, with and without its scheme (${transport})`, async () => {
    for (const authorization of [`Bearer ${good}`, `bearer ${good}`, good]) {
      const stream = await openStream(world.url, null, { transport, headers: { authorization } })
      assert.equal((await stream.next('ready')).data.user_id, 'member')
      await stream.close()
    }
  })

  test(`a stream ends when its token does, and tells nothing afterwards (${transport})`, async () => {
    const { exp, ...rest } = claims('member', 2)
    const stream = await openStream(world.url, signClaims({ ...rest, exp }, secret), { transport })
    const other = await world.open('member')
    await stream.next('ready')
    let ended = false
    void stream.ended.then(() => {
      ended = true
    })
    const sent: { id: string; at: number }[] = []
    while (!ended) {
      const { id } = await world.send('club', 'creator', 'member', 'tick')
      sent.push({ id, at: Date.now() })
      await other.through(
        'message.created',
        ({ data }) => (data as { message: { id: string } }).message.id === id,
      )
    }
    const { code, reason } = await stream.ended
    if (transport === 'websocket') assert.deepEqual([code, reason], [4401, 'Token has expired'])
    const told = stream.left().map(({ data }) => (data as { message: { id: string } }).message.id)
    assert.ok(told.length > 0)
    const late = sent.filter(({ at }) => at > exp * 1_000 + 50).map(({ id }) => id)
    assert.deepEqual(
      told.filter((id) => late.includes(id)),
      [],
    )
    await other.close()
  })
}

test('the token as a subprotocol next to snug.v1, which is what the server takes', async () => {
  const protocols = ['snug.v1', `bearer.${good}`]
  for (const offered of [protocols, protocols.toReversed()]) {
    const stream = await openStream(world.url, null, { transport: 'websocket', protocols: offered })
    assert.equal((await stream.next('ready')).data.user_id, 'member')
    assert.equal(stream.headers['sec-websocket-protocol'], 'snug.v1')
    await stream.close()
  }
  for (const [what, token, message] of REFUSED) {
    const bearer = token === null ? [] : [`bearer.${token}`]
    const refused = await refusedTo(null, { transport: 'websocket', protocols: ['snug.v1', ...bearer] })
    assert.deepEqual([refused.status, JSON.parse(refused.text)], [401, { message }], what)
  }
})

test('a user who is erased: the streams end, and none opens any more', async () => {
  const streams = await Promise.all(TRANSPORTS.map((transport) => world.open('erased-later', { transport })))
  for (const stream of streams) await stream.next('ready')
  await world.erase('erased-later')
  for (const stream of streams) {
    const { code, reason } = await stream.ended
    if (stream.transport === 'websocket') assert.deepEqual([code, reason], [4401, 'Unknown User'])
    assert.deepEqual(stream.left(), [])
  }
  for (const transport of TRANSPORTS) {
    const { text } = await refusedTo(world.token('erased-later'), { transport })
    assert.deepEqual(JSON.parse(text), { message: 'Unknown User' })
  }
})

const UPGRADE = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
const KEY = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }

/** One request as it is, and everything that comes back until the connection ends. */
async function raw(
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; head: string; body: string }> {
  const { hostname, port } = new URL(world.url)
  const socket = net.connect(Number(port), hostname)
  const lines = Object.entries({ host: 'snug.test', connection: 'close', ...headers })
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`)
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return { status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]), head, body }
}

const bearer = { authorization: `Bearer ${good}` }

test('an upgrade elsewhere, or to something else, is an ordinary request', async () => {
  const nowhere = await raw('GET', '/api/v1/no-such', {
    ...bearer,
    ...UPGRADE,
    ...KEY,
    connection: 'Upgrade, close',
  })
  assert.deepEqual([nowhere.status, JSON.parse(nowhere.body)], [404, { message: 'Not Found' }])
  assert.match(nowhere.head, /x-request-id: /i)
  const list = '/api/v1/communities/club/messages/conversations'
  const upgrades: Record<string, string>[] = [
    { ...UPGRADE, ...KEY, connection: 'Upgrade, close' },
    { connection: 'Upgrade, HTTP2-Settings, close', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' },
  ]
  for (const headers of upgrades) {
    const { status, body } = await raw('GET', list, { ...bearer, ...headers })
    assert.equal(status, 200)
    assert.equal(JSON.parse(body).has_more, false)
  }
  const health = await raw('GET', '/healthz', { connection: 'Upgrade, close', upgrade: 'h2c' })
  assert.equal(health.status, 200)
  const posted = await raw('POST', STREAM, { ...bearer, ...UPGRADE, ...KEY, connection: 'Upgrade, close' })
  assert.equal(posted.status, 404)
})

test('a handshake that is none is refused in the form of all errors', async () => {
  for (const headers of [
    UPGRADE,
    { ...UPGRADE, 'sec-websocket-key': 'short' },
    { ...UPGRADE, ...KEY, 'sec-websocket-version': '7' },
  ]) {
    const { status, head, body } = await raw('GET', STREAM, { ...bearer, ...headers })
    assert.ok(status === 400 || status === 426, head)
    assert.match(head, /x-request-id: [\w-]{8,}/i)
    assert.equal(typeof JSON.parse(body).message, 'string')
  }
})

test('a HEAD opens no stream', async () => {
  const before = await openStreams()
  const { status, body } = await raw('HEAD', STREAM, bearer)
  assert.deepEqual([status, body], [404, ''])
  assert.deepEqual(await openStreams(), before)
})

/** How many streams the server says are open. */
async function openStreams(): Promise<number> {
  const metrics = await (await fetch(`${world.url}/metrics`)).text()
  const lines = [...metrics.matchAll(/^snug_streams(?:_open)?\{[^}]*\} (\d+)$/gm)]
  assert.ok(lines.length > 0, 'there is a gauge')
  return lines.reduce((sum, [, count]) => sum + Number(count), 0)
}

test('headers of server-sent events: for browsers of other origins, never stored, never buffered', async () => {
  const stream = await world.open('member', { headers: { origin: ORIGIN, ...bearer } })
  await stream.next('ready')
  const { headers } = stream
  assert.equal(headers['access-control-allow-origin'], ORIGIN)
  assert.match(String(headers['access-control-expose-headers']), /X-Request-Id/)
  assert.match(String(headers.vary), /Origin/)
  assert.match(String(headers['x-request-id']), /^[\w-]{8,}$/)
  assert.equal(headers['cache-control'], 'no-store')
  assert.match(String(headers['content-type']), /^text\/event-stream/)
  assert.equal(headers['x-accel-buffering'], 'no')
  await stream.close()
  const foreign = await world.open('member', { headers: { origin: 'https://elsewhere.test', ...bearer } })
  await foreign.next('ready')
  assert.equal(foreign.headers['access-control-allow-origin'], undefined)
  await foreign.close()
})

test('whoever goes while it is still being found out who they are leaves nothing behind', async () => {
  const before = await openStreams()
  const client = await world.snug.db.dedicated('snug test')
  await client.query('begin')
  await client.query('lock table users in access exclusive mode')
  const { hostname, port } = new URL(world.url)
  const asked = TRANSPORTS.map((transport: Transport) => {
    const socket = net.connect(Number(port), hostname)
    const headers = transport === 'sse' ? {} : { ...UPGRADE, ...KEY }
    const lines = Object.entries({ host: 'snug.test', ...bearer, ...headers }).map((line) => line.join(': '))
    socket.write(`GET ${STREAM} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    return socket
  })
  await waits(client)
  for (const socket of asked) {
    socket.destroy()
    await once(socket, 'close')
  }
  // The server has heard of it when it answers another request on a new connection.
  assert.equal((await fetch(`${world.url}/healthz`)).status, 200)
  await client.query('rollback')
  await client.end()
  const stream = await world.open('member')
  await stream.next('ready')
  assert.equal(await openStreams(), before + 1)
  await stream.close()
})

/** Until a statement of the server's waits for the lock. */
async function waits(client: pg.Client): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) {
    const { rows } = await client.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() and application_name = 'snug'`,
    )
    if (rows.length > 0) return
  }
  assert.fail('nobody waits for the lock')
}

test('what clients say on a WebSocket is not read, and much of it ends it', async () => {
  const stream = await world.open('member', { transport: 'websocket' })
  await stream.next('ready')
  stream.say('hello')
  const { id } = await world.send('club', 'creator', 'member', 'still there')
  assert.equal((await stream.next('message.created')).data.message.id, id)
  stream.say('x'.repeat(2_000))
  assert.equal((await stream.ended).code, 1009)
})
