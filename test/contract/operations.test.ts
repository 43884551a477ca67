import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContract, told } from './client.ts'

// GET /healthz, /readyz, /metrics, and CORS: CONTRACT §8. The document and its page are in openapi.test.ts.

const ORIGIN = 'https://app.example.com'
const OTHER = 'https://club.example.com:8443'
const snug = await newContract(undefined, { SNUG_CORS_ORIGINS: `${ORIGIN}, ${OTHER}` })
const closed = await newContract(snug.snug.databaseUrl)
await snug.users('ada', 'bob')
await snug.community('c', 'ada')
await snug.member('c', 'bob')

test('/healthz and /readyz ask for no token', async () => {
  assert.deepEqual(told(await snug.ask('GET', '/healthz')), { status: 200, body: { status: 'ok' } })
  assert.deepEqual(told(await snug.ask('GET', '/readyz')), { status: 200, body: { status: 'ready' } })
})

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads Prometheus' text format, and nothing that is not. */
function parseMetrics(text: string): { samples: Sample[]; types: Map<string, string> } {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  assert.ok(text.endsWith('\n'))
  for (const line of text.trimEnd().split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line)
    if (comment) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string]
      if (kind === 'TYPE') assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/)
      if (kind === 'TYPE') types.set(name, rest)
      continue
    }
    if (line === '') continue
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    assert.ok(sample, line)
    const [, name, inner = '', value] = sample as unknown as [string, string, string | undefined, string]
    const labels = [...inner.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g)]
    assert.equal(labels.map((one) => one[0]).join(''), inner, line)
    const number = Number(value.replace(/^\+?Inf$/, 'Infinity').replace('-Inf', '-Infinity'))
    assert.ok(/^nan$/i.test(value) || !Number.isNaN(number), line)
    samples.push({
      name,
      labels: Object.fromEntries(labels.map(([, key, text]) => [key, text])),
      value: number,
    })
  }
  return { samples, types }
}

test('/metrics is Prometheus’ text, with every sample of a type that was told', async () => {
  const answer = await snug.ask('GET', '/metrics')
  assert.equal(answer.status, 200)
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  const { samples, types } = parseMetrics(answer.text)
  assert.ok(samples.length > 20)
  for (const { name } of samples) {
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count|total)$/, '')
    assert.ok(types.has(family), name)
  }
})

test('/metrics counts answers by route and status, and holds nothing of people’s', async () => {
  const count = async (route: string, status: string) => {
    const { samples } = parseMetrics((await snug.ask('GET', '/metrics')).text)
    const found = samples.find(
      ({ name, labels }) =>
        name === 'snug_http_requests_total' && labels.route === route && labels.status === status,
    )
    return found?.value ?? 0
  }
  const thread = '/api/v1/communities/:community_id/messages/:user_id'
  const before = [await count(thread, '200'), await count(thread, '403'), await count('none', '404')] as const
  await snug.thread('ada', 'c', 'bob')
  await snug.thread('ada', 'c', 'bob')
  await snug.thread('ada', 'c', 'nobody-of-that-name')
  await snug.ask('GET', '/nothing/of-that-name')
  assert.equal(await count(thread, '200'), before[0] + 2)
  assert.equal(await count(thread, '403'), before[1] + 1)
  assert.equal(await count('none', '404'), before[2] + 1)
  const { text } = await snug.ask('GET', '/metrics')
  assert.doesNotMatch(text, /of-that-name|bob|ada"|name of/)
})

test('sends are counted in their batches', async () => {
  const sum = async () =>
    parseMetrics((await snug.ask('GET', '/metrics')).text).samples.find(
      (one) => one.name === 'snug_send_batch_size_sum',
    )?.value
  const before = (await sum()) ?? 0
  await Promise.all(Array.from({ length: 7 }, (_, i) => snug.send('c', 'ada', 'bob', `${i}`)))
  assert.equal(await sum(), before + 7)
})

const PATH = '/api/v1/communities/c/messages/conversations'
const cors = (headers: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')))

test('CORS: an origin that is listed may call, and see what it has to', async () => {
  for (const origin of [ORIGIN, OTHER]) {
    for (const who of [{ as: 'ada' }, {}]) {
      const { status, headers } = await snug.ask('GET', PATH, { ...who, headers: { origin } })
      assert.equal(status, 'as' in who ? 200 : 401)
      assert.equal(headers['access-control-allow-origin'], origin)
      const exposed = String(headers['access-control-expose-headers']).toLowerCase().split(/, */)
      assert.deepEqual(exposed.sort(), ['idempotent-replayed', 'retry-after', 'x-request-id'])
      assert.match(String(headers.vary), /origin/i)
      assert.equal(headers['access-control-allow-credentials'], undefined, 'tokens, not cookies')
    }
  }
})

test('CORS: the preflight allows every method and header of the API', async () => {
  const asked = 'authorization, content-type, idempotency-key'
  for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'PATCH']) {
    const answer = await snug.snug.snug.app.inject({
      ...{ method: 'OPTIONS', url: PATH },
      headers: {
        origin: ORIGIN,
        'access-control-request-method': method,
        'access-control-request-headers': asked,
      },
    })
    assert.equal(answer.statusCode, 204)
    assert.equal(answer.headers['access-control-allow-origin'], ORIGIN)
    const methods = String(answer.headers['access-control-allow-methods']).split(/, */)
    assert.ok(methods.includes(method), `${method} is not in ${methods}`)
    const allowed = String(answer.headers['access-control-allow-headers']).toLowerCase().split(/, */)
    for (const one of asked.split(', ')) assert.ok(allowed.includes(one), one)
  }
})

test('CORS: no other origin, and none at all unless listed', async () => {
  const strangers = [
    'https://evil.example',
    'http://app.example.com',
    'https://app.example.com.evil.example',
    'null',
    '*',
  ]
  for (const origin of [
    ...strangers,
    'https://app.example.com:444',
    'https://APP.example.com.',
    `${ORIGIN}/`,
  ]) {
    const { headers } = await snug.ask('GET', PATH, { as: 'ada', headers: { origin } })
    assert.equal(headers['access-control-allow-origin'], undefined, origin)
  }
  const { headers } = await closed.ask('GET', PATH, { as: 'ada', headers: { origin: ORIGIN } })
  assert.deepEqual(cors(headers), {})
  const preflight = await closed.snug.snug.app.inject({
    ...{ method: 'OPTIONS', url: PATH },
    headers: { origin: ORIGIN, 'access-control-request-method': 'GET' },
  })
  assert.deepEqual(cors(preflight.headers), {})
})
