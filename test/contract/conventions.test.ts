import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type Ask, type Method, membersPath, messagesPath, newContract, signClaims, told } from './client.ts'

// CONTRACT §1: bodies that are no JSON, the sizes, the callers, what is not there, and the headers of every answer. That
// every other answer keeps to the conventions as well is checked by the client in all of these files.

const snug = await newContract()
await snug.users('ada', 'bob')
await snug.community('c', 'ada')
await snug.member('c', 'bob')

const BODY_MAX = 65_536
const messages = messagesPath('c')
const bob = `${membersPath('c')}/bob`
const SETTINGS = '/api/v2/users/ada/settings'

/** Every operation that takes a body, with one that it accepts. */
const WITH_BODY: readonly (readonly [Method, string, Ask, object])[] = [
  ['POST', messages, { as: 'ada' }, { recipient_id: 'bob', content: 'x' }],
  [
    'POST',
    `${messages}/bob/read`,
    { as: 'ada' },
    { message_id: (await snug.send('c', 'ada', 'bob', 'x')).id },
  ],
  ['POST', `${bob}/block`, { as: 'ada' }, { reason: 'x' }],
  ['PATCH', SETTINGS, { as: 'ada' }, { setting: { key: 'messages.push', value: true } }],
  ['PUT', '/api/v1/devices/d', { as: 'ada' }, { platform: 'fcm', token: 'x' }],
  ['PUT', '/service/v1/users/bob', { service: true }, { username: 'name of bob' }],
  ['PUT', '/service/v1/communities/c', { service: true }, { name: 'C', creator_id: 'ada' }],
  ['PUT', '/service/v1/communities/c/members/bob', { service: true }, { status: 'active' }],
  ['POST', '/service/v1/communities/c/members/bob/block', { service: true }, { reason: 'x' }],
  ['POST', '/service/v1/tokens', { service: true }, { user_id: 'bob' }],
]

const NO_JSON: Readonly<Record<string, string | Buffer>> = {
  'a word': 'hello',
  'a form': 'recipient_id=bob&content=x',
  'cut short': '{"recipient_id":"bob","content":"x"',
  'cut within a text': '{"recipient_id":"bob","content":"x',
  'a comma too many': '{"recipient_id":"bob","content":"x",}',
  'two values': '{} {}',
  'single quotes': "{'content':'x'}",
  'a bare U+0000': '{"content":"a\u0000b"}',
  'white space': ' \n\t',
  NaN: '{"content":NaN}',
  'a wrong escape': '{"content":"\\x41"}',
  'UTF-8 with a wrong byte': Buffer.concat([
    Buffer.from('{"recipient_id":"bob","content":"'),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ]),
  'UTF-8 that is too long for its character': Buffer.concat([
    Buffer.from('{"content":"'),
    Buffer.from([0xc0, 0xaf]),
    Buffer.from('"}'),
  ]),
  'half a surrogate pair as bytes': Buffer.concat([
    Buffer.from('{"content":"'),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from('"}'),
  ]),
  'UTF-8 cut within a character': Buffer.from('{"content":"é').subarray(0, -1),
  'Latin-1': Buffer.from('{"recipient_id":"bob","content":"é"}', 'latin1'),
  'UTF-16': Buffer.from('{"recipient_id":"bob","content":"x"}', 'utf16le'),
}

test('400: a body that is not JSON in UTF-8, for every operation that takes one', async () => {
  for (const [method, path, who] of WITH_BODY) {
    for (const [name, raw] of Object.entries(NO_JSON)) {
      const answer = await snug.ask(method, path, { ...who, raw })
      assert.deepEqual(told(answer), { status: 400, body: { message: 'Invalid JSON' } }, `${path}: ${name}`)
    }
    if (path.endsWith('/block')) continue
    for (const raw of ['', undefined]) {
      const answer = await snug.ask(method, path, { ...who, ...(raw !== undefined && { raw }) })
      assert.deepEqual(told(answer), { status: 400, body: { message: 'Invalid JSON' } }, `${path}: no body`)
    }
  }
})

/** The body with an unknown field that makes it exactly so long. */
function padded(body: object, bytes: number): string {
  const bare = JSON.stringify({ ...body, padding: '' })
  return JSON.stringify({ ...body, padding: 'p'.repeat(bytes - bare.length) })
}

test('413: a body over 64 KiB, and one of exactly 64 KiB is taken', async () => {
  for (const [method, path, who, body] of WITH_BODY) {
    const over = await snug.ask(method, path, { ...who, raw: padded(body, BODY_MAX + 1) })
    assert.deepEqual(told(over), { status: 413, body: { message: 'Payload Too Large' } }, path)
    const far = await snug.ask(method, path, { ...who, raw: padded(body, BODY_MAX * 20) })
    assert.equal(far.status, 413)
  }
  for (const [method, path, who, body] of WITH_BODY) {
    if (path.endsWith('/block')) await snug.member('c', 'bob')
    const full = padded(body, BODY_MAX)
    assert.equal(Buffer.byteLength(full), BODY_MAX)
    const taken = await snug.ask(method, path, { ...who, raw: full })
    assert.ok(taken.status < 300, `${path}: ${taken.text.slice(0, 200)}`)
    if (path.endsWith('/block')) await snug.unblock('c', 'bob')
  }
  await snug.member('c', 'bob')
})

test('413 on a real connection, also when the length is not told beforehand', async () => {
  const { url } = snug.snug.snug
  const headers = { authorization: `Bearer ${snug.snug.token('ada')}` }
  const body = padded({ recipient_id: 'bob', content: 'x' }, BODY_MAX + 1)
  const chunked = new ReadableStream({
    start(controller) {
      for (let i = 0; i < body.length; i += 8_192) controller.enqueue(Buffer.from(body.slice(i, i + 8_192)))
      controller.close()
    },
  })
  for (const init of [{ body }, { body: chunked, duplex: 'half' }]) {
    const answer = await fetch(url + messages, { method: 'POST', headers, ...init } as RequestInit)
    assert.equal(answer.status, 413)
    assert.deepEqual(await answer.json(), { message: 'Payload Too Large' })
    assert.match(answer.headers.get('x-request-id') ?? '', /./)
  }
})

const SECRET = snug.snug.snug.secrets.jwtSecret
const now = Math.floor(Date.now() / 1000)
const good = { sub: 'ada', exp: now + 600 }

/** Every operation of a user's. */
const FOR_USERS: readonly (readonly [Method, string])[] = [
  ['GET', '/api/v1/communities'],
  ['GET', `${messages}/conversations`],
  ['GET', `${messages}/bob`],
  ['POST', messages],
  ['POST', `${messages}/bob/read`],
  ['DELETE', `${messages}/01a203e0-09e9-727d-8a69-7cce79def710`],
  ['GET', membersPath('c')],
  ['GET', bob],
  ['POST', `${bob}/block`],
  ['POST', `${bob}/unblock`],
  ['GET', `${SETTINGS}/notifications`],
  ['PATCH', SETTINGS],
  ['GET', '/api/v1/push/public_key'],
  ['GET', '/api/v1/devices'],
  ['PUT', '/api/v1/devices/d'],
  ['DELETE', '/api/v1/devices/d'],
]

const TOKENS: Readonly<Record<string, readonly [string | undefined, string]>> = {
  'no header': [undefined, 'Missing Token'],
  'an empty header': ['', 'Missing Token'],
  'a scheme alone': ['Bearer', 'Missing Token'],
  'a scheme and spaces': ['Bearer   ', 'Missing Token'],
  'no token at all': ['Bearer nonsense', 'Invalid Token'],
  'another scheme': ['Basic YWRhOnB3', 'Invalid Token'],
  'the service key': [`Bearer ${snug.snug.snug.secrets.serviceKeys[0]}`, 'Invalid Token'],
  'another secret': [`Bearer ${signClaims(good, 'another-secret-of-32-bytes-or-more')}`, 'Invalid Token'],
  'no signature': [`Bearer ${signClaims(good, SECRET).replace(/[^.]+$/, '')}`, 'Invalid Token'],
  'alg none': [`Bearer ${signClaims(good, SECRET, { alg: 'none' }).replace(/[^.]+$/, '')}`, 'Invalid Token'],
  'no exp': [`Bearer ${signClaims({ sub: 'ada' }, SECRET)}`, 'Invalid Token'],
  'no sub': [`Bearer ${signClaims({ exp: now + 600 }, SECRET)}`, 'Invalid Token'],
  'a sub that cannot be an id': [`Bearer ${signClaims({ ...good, sub: 'no id' }, SECRET)}`, 'Invalid Token'],
  'not yet': [`Bearer ${signClaims({ ...good, nbf: now + 300 }, SECRET)}`, 'Invalid Token'],
  expired: [`Bearer ${signClaims({ sub: 'ada', exp: now - 100 }, SECRET)}`, 'Token has expired'],
  'expired, and made up': [
    `Bearer ${signClaims({ sub: 'ada', exp: now - 100 }, 'x'.repeat(32))}`,
    'Invalid Token',
  ],
  'expired, of somebody unknown': [
    `Bearer ${signClaims({ sub: 'nobody', exp: now - 100 }, SECRET)}`,
    'Token has expired',
  ],
  'somebody the host never told of': [
    `Bearer ${signClaims({ ...good, sub: 'nobody' }, SECRET)}`,
    'Unknown User',
  ],
}

for (const [name, [authorization, message]] of Object.entries(TOKENS)) {
  test(`401 ${message}: ${name}`, async () => {
    for (const [method, path] of FOR_USERS) {
      const raw = ['POST', 'PUT', 'PATCH'].includes(method) ? '{}' : undefined
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await snug.ask(method, path, { headers, ...(raw && { raw }) })
      assert.deepEqual(told(answer), { status: 401, body: { message } }, `${method} ${path}`)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
  })
}

test('the token is taken with Bearer in any case, and bare', async () => {
  const token = signClaims(good, SECRET)
  for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token} `, token]) {
    assert.equal((await snug.ask('GET', '/api/v1/communities', { headers: { authorization } })).status, 200)
  }
})

test('401 comes before 400, 413 and 422', async () => {
  for (const raw of ['no json', 'x'.repeat(BODY_MAX + 1), '{}'])
    assert.equal((await snug.ask('POST', messages, { raw })).status, 401)
  assert.equal((await snug.ask('GET', `${messages}/conversations?page=0`)).status, 401)
})

test('404: what there is no operation for, with a token and without', async () => {
  const paths = ['/api', '/api/v1', '/api/v1/nothing', '/service/v1/nothing', `${messages}/a/b/c`]
  for (const path of [
    ...paths,
    '/api/v2/communities',
    '/API/v1/communities',
    '/api/v1/communities/%zz/members',
  ])
    for (const who of [{}, { as: 'ada' }])
      assert.deepEqual(
        told(await snug.ask('GET', path, who)),
        { status: 404, body: { message: 'Not Found' } },
        path,
      )
  for (const method of ['PUT', 'PATCH', 'DELETE'] as const)
    assert.equal((await snug.ask(method, messages, { as: 'ada', raw: '{}' })).status, 404, method)
  const far = `${messages}/${'x'.repeat(5_000)}/read`
  assert.equal((await snug.ask('POST', far, { as: 'ada', body: { message_id: 'x' } })).status, 404)
})

test('outside of the API as well every answer has its X-Request-Id, which is nobody’s to choose', async () => {
  const seen = new Set<unknown>()
  for (const path of [
    '/healthz',
    '/readyz',
    '/metrics',
    '/openapi.json',
    '/docs/',
    '/nothing',
    '/%zz',
    '/%00',
  ]) {
    const { headers } = await snug.ask('GET', path, { headers: { 'x-request-id': 'forged' } })
    assert.match(String(headers['x-request-id']), /^[\w-]{8,}$/, path)
    seen.add(headers['x-request-id'])
  }
  assert.equal(seen.size, 8)
  assert.ok(!seen.has('forged'))
})

/** What comes back for bytes that are no request of ours. */
async function exchange(bytes: string): Promise<string> {
  const { port, hostname } = new URL(snug.snug.snug.url)
  const socket = connect(Number(port), hostname)
  socket.end(bytes)
  let answer = ''
  for await (const data of socket) answer += data
  return answer
}

test('what is no HTTP at all is answered like every other error', async () => {
  const broken: Record<string, readonly [number, string]> = {
    'hello\r\n\r\n': [400, 'Bad Request'],
    'GET /healthz HTTP/1.1\r\nno colon\r\n\r\n': [400, 'Bad Request'],
    [`GET /healthz HTTP/1.1\r\nhost: x\r\nbig: ${'x'.repeat(40_000)}\r\n\r\n`]: [
      431,
      'Request Header Fields Too Large',
    ],
  }
  for (const [bytes, [status, message]] of Object.entries(broken)) {
    const [head, body] = (await exchange(bytes)).split('\r\n\r\n') as [string, string]
    assert.ok(head.startsWith(`HTTP/1.1 ${status} `), head)
    assert.match(head, /^x-request-id: [\w-]{8,}$/im)
    assert.match(head, /^cache-control: no-store$/im)
    assert.deepEqual(JSON.parse(body), { message })
  }
})

test('5xx tells nothing, and its X-Request-Id is in the log', async () => {
  const logged = await newContract(undefined, { SNUG_LOG_LEVEL: 'error' })
  await logged.users('ada')
  const client = await logged.snug.db.dedicated('snug test')
  await client.query('alter table communities rename column name to titel')
  await client.end()
  const lines: string[] = []
  const write = process.stderr.write
  process.stderr.write = ((line: string) => lines.push(String(line)) > 0) as typeof write
  const answer = await logged.ask('GET', '/api/v1/communities', { as: 'ada' }).finally(() => {
    process.stderr.write = write
  })
  assert.deepEqual(told(answer), { status: 500, body: { message: 'Internal Server Error' } })
  const log = lines.join('')
  assert.ok(log.includes(String(answer.headers['x-request-id'])), log)
  assert.ok(log.includes('/api/v1/communities'), log)
})
