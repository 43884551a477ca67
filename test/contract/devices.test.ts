import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { readInstallation } from '../../src/store/installation.ts'
import { runSql } from '../kit.ts'
import { newContract, told } from './client.ts'

// The devices of CONTRACT §5, and the key that web push subscriptions are made with.

const snug = await newContract(undefined, { SNUG_CORS_ORIGINS: 'https://host.example' })
const { db } = snug.snug
await snug.users('ada', 'bob')

const put = (as: string, id: string, body: unknown) => snug.ask('PUT', `/api/v1/devices/${id}`, { as, body })
const remove = (as: string, id: string) => snug.ask('DELETE', `/api/v1/devices/${id}`, { as })
const list = async (as: string, query: Record<string, string> = {}) =>
  (await snug.ask('GET', '/api/v1/devices', { as, query })).body
const idsOf = async (as: string): Promise<string[]> =>
  (await list(as, { per_page: '100' })).data.map((one: { id: string }) => one.id)
const run = <Row extends object>(text: string, values: readonly unknown[] = []) =>
  runSql<Row>(db, text, values)
const stored = async (id: string) =>
  (await run('select * from devices where id = $1', [id]))[0] as Record<string, unknown>

const point = () => createECDH('prime256v1').generateKeys()
const P256DH = point().toString('base64url')
const AUTH = randomBytes(16).toString('base64url')
const web = (endpoint: unknown, keys: unknown = { p256dh: P256DH, auth: AUTH }) => ({
  platform: 'web',
  subscription: { endpoint, keys },
})
const fcm = (token: unknown) => ({ platform: 'fcm', token })
const apns = (token: unknown) => ({ platform: 'apns', token })
const refused = (...message: string[]) => ({ status: 422, body: { message } })
const GONE = { status: 204, body: '' }

test('a device of each platform is registered and listed, and says nothing of where it is', async () => {
  const endpoint = 'https://push.example.com/send/abc?d=1'
  for (const [id, body] of [
    ['browser', { ...web(endpoint), unknown: 'ignored' }],
    ['android', fcm('token:of-android')],
    ['iphone', apns('00FFab')],
  ] as const) {
    const { status, body: device } = await put('ada', id, body)
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(device), ['id', 'platform', 'created_at', 'updated_at'])
    assert.deepEqual([device.id, device.platform], [id, body.platform])
  }
  const { address, p256dh, auth } = await stored('browser')
  assert.deepEqual([address, p256dh, auth], [endpoint, P256DH, AUTH])
  const tokens = [await stored('android'), await stored('iphone')]
  assert.deepEqual(
    tokens.map((one) => [one.address, one.p256dh, one.auth]),
    [
      ['token:of-android', null, null],
      ['00ffab', null, null],
    ],
  )
  assert.deepEqual(await idsOf('ada'), ['iphone', 'android', 'browser'])
  assert.deepEqual(await list('bob'), { total: 0, has_more: false, data: [] })
})

test('registering again keeps one device, takes what has changed, and makes it the newest', async () => {
  const before = (await list('ada')).data.find((one: { id: string }) => one.id === 'browser')
  const keys = { p256dh: point().toString('base64url'), auth: randomBytes(16).toString('base64url') }
  const again = await put('ada', 'browser', web('https://push.example.com/send/new', keys))
  assert.equal(again.body.created_at, before.created_at)
  assert.deepEqual(await idsOf('ada'), ['browser', 'iphone', 'android'])
  const { address, p256dh, auth } = await stored('browser')
  assert.deepEqual({ address, p256dh, auth }, { address: 'https://push.example.com/send/new', ...keys })
  const other = await put('ada', 'browser', fcm('now-an-app'))
  assert.equal(other.body.platform, 'fcm')
  assert.deepEqual((await list('ada')).total, 3)
})

test('the list is paged like all others', async () => {
  await snug.users('liv')
  for (let i = 1; i <= 5; i++) await put('liv', `d${i}`, fcm(`liv-${i}`))
  const page = async (query: Record<string, string>) => {
    const { total, has_more, data } = await list('liv', query)
    return [total, has_more, data.map((one: { id: string }) => one.id).join(' ')]
  }
  assert.deepEqual(await page({}), [5, false, 'd5 d4 d3 d2 d1'])
  assert.deepEqual(await page({ per_page: '2' }), [5, true, 'd5 d4'])
  assert.deepEqual(await page({ per_page: '2', page: '3' }), [5, false, 'd1'])
  assert.deepEqual(await page({ page: '2' }), [5, false, ''])
  const wrong = await snug.ask('GET', '/api/v1/devices', { as: 'liv', query: { page: '0', per_page: 'x' } })
  assert.deepEqual(
    told(wrong),
    refused('Page must be a positive integer', 'Per page must be a positive integer'),
  )
})

test('DELETE: 204 for one’s own, again, and for what was never there; another’s is not touched', async () => {
  await put('bob', 'bobs', fcm('bobs-token'))
  assert.deepEqual(told(await remove('ada', 'bobs')), GONE)
  assert.deepEqual(await idsOf('bob'), ['bobs'])
  for (let i = 0; i < 2; i++) assert.deepEqual(told(await remove('bob', 'bobs')), GONE)
  assert.deepEqual(await idsOf('bob'), [])
  for (const id of ['never', 'no%20id', '%00', 'x'.repeat(65)])
    assert.deepEqual(told(await remove('bob', id)), GONE, id)
})

test('a device belongs to one user at a time: its id and its address go to whoever registers them last', async () => {
  await snug.users('old', 'new')
  await put('old', 'shared', fcm('first'))
  await run(`update devices set created_at = '2020-01-01Z' where id = 'shared'`)
  const { body } = await put('new', 'shared', fcm('second'))
  assert.notEqual(body.created_at.slice(0, 4), '2020', 'when somebody else got it is not told')
  assert.deepEqual([await idsOf('old'), await idsOf('new')], [[], ['shared']])
  await put('old', 'laptop', web('https://push.example.com/moves'))
  await put('new', 'browser-2', web('https://PUSH.example.com:443/moves'))
  assert.deepEqual([await idsOf('old'), await idsOf('new')], [[], ['browser-2', 'shared']])
  await put('old', 'phone', apns('abcdef'))
  await put('new', 'phone-2', apns('ABCDEF'))
  assert.deepEqual([await idsOf('old'), await idsOf('new')], [[], ['phone-2', 'browser-2', 'shared']])
  // Both at once: the id of one device and the address of another.
  await put('old', 'a', fcm('address-a'))
  await put('old', 'b', fcm('address-b'))
  await put('new', 'a', fcm('address-b'))
  assert.deepEqual([await idsOf('old'), (await idsOf('new')).slice(0, 2)], [[], ['a', 'phone-2']])
})

test('of more than 20 the one goes that was not registered for the longest', async () => {
  await snug.users('many')
  for (let i = 1; i <= 20; i++) await put('many', `d${i}`, fcm(`many-${i}`))
  await put('many', 'd1', fcm('many-1'))
  await put('many', 'd21', fcm('many-21'))
  const ids = await idsOf('many')
  assert.equal(ids.length, 20)
  assert.deepEqual(ids.slice(0, 3), ['d21', 'd1', 'd20'])
  assert.ok(!ids.includes('d2'))
  await Promise.all(Array.from({ length: 30 }, (_, i) => put('many', `e${i}`, fcm(`many-e${i}`))))
  assert.equal((await idsOf('many')).length, 20)
})

test('many at once that want the same ids and addresses: each answered, each device once, nobody’s twice', async () => {
  const people = ['p0', 'p1', 'p2', 'p3']
  await snug.users(...people)
  let seed = 7
  const next = (n: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % n
  }
  for (let round = 0; round < 15; round++) {
    const puts = Array.from({ length: 16 }, () =>
      put(people[next(4)] as string, `race-${next(3)}`, fcm(`race-${next(3)}`)),
    )
    for (const answer of await Promise.all(puts)) assert.equal(answer.status, 200, answer.text)
    const rows = await run<{ id: string; address: string }>(
      `select id, address from devices where id like 'race-%'`,
    )
    assert.ok(rows.length > 0 && rows.length <= 3)
    assert.equal(new Set(rows.map((row) => row.address)).size, rows.length)
  }
})

test('the same address under two new ids at once, again and again: one of them has it', async () => {
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(
      ['ada', 'bob'].map((as) => put(as, `${as}-${round}`, web(`https://push.example.com/once/${round}`))),
    )
    assert.deepEqual(
      answers.map((one) => one.status),
      [200, 200],
    )
    const mine = await Promise.all(['ada', 'bob'].map(idsOf))
    assert.equal(mine.flat().filter((id) => id.endsWith(`-${round}`) && !id.startsWith('race')).length, 1)
  }
})

test('two who are full and take each other’s oldest at once: neither waits for the other', async () => {
  await snug.users('full-1', 'full-2')
  for (let round = 0; round < 6; round++) {
    for (const as of ['full-1', 'full-2'])
      await Promise.all(Array.from({ length: 20 }, (_, i) => put(as, `${as}-${i}`, fcm(`${as}-${i}`))))
    const oldest = async (as: string) => (await idsOf(as)).at(-1) as string
    const [one, two] = [await oldest('full-1'), await oldest('full-2')]
    const answers = await Promise.all([put('full-1', two, fcm(two)), put('full-2', one, fcm(one))])
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 200],
    )
    assert.ok((await idsOf('full-1')).includes(two) && (await idsOf('full-2')).includes(one))
  }
})

test('registering against erasing: nobody who is erased has a device', async () => {
  for (let round = 0; round < 5; round++) {
    const as = `leaver-${round}`
    await snug.users(as)
    const puts = Array.from({ length: 8 }, (_, i) => put(as, `${as}-${i}`, fcm(`${as}-${i}`)))
    // Somebody else takes what is theirs meanwhile.
    const taken = Array.from({ length: 4 }, (_, i) => put('bob', `${as}-${7 - i}`, fcm(`${as}-${i}`)))
    const [, ...answers] = await Promise.all([snug.erase(as), ...puts, ...taken])
    for (const answer of answers) assert.ok([200, 401].includes(answer.status), answer.text)
    const left = await run('select from devices d join users u on u.key = d.user_key where u.id = $1', [as])
    assert.equal(left.length, 0)
  }
})

test('422: the platform and the id', async () => {
  const must = 'Platform must be one of web, fcm, apns'
  for (const platform of ['', 'WEB', 'ios', 1, true, ['web'], {}])
    assert.deepEqual(told(await put('ada', 'x', { platform, token: 'x' })), refused(must), String(platform))
  for (const body of [{}, { platform: null }, { token: 'x' }, []])
    assert.deepEqual(told(await put('ada', 'x', body)), refused("Platform can't be blank"))
  for (const id of ['no%20id', '%00', 'x'.repeat(65), 'a%2Fb', '%C3%A9'])
    assert.deepEqual(told(await put('ada', id, fcm('x'))), refused('Device is invalid'), id)
  assert.deepEqual(
    told(await put('ada', 'a%2Fb', {})),
    refused('Device is invalid', "Platform can't be blank"),
  )
  assert.equal((await put('ada', `.~_-${'x'.repeat(60)}`, fcm('longest-id'))).status, 200)
})

test('422: the token', async () => {
  for (const make of [fcm, apns]) {
    for (const token of [undefined, null, ''])
      assert.deepEqual(told(await put('ada', 'x', make(token))), refused("Token can't be blank"))
    for (const token of [1, true, ['a'], {}, ' ', 'a b', 'a\n', 'é', 'a\u0000', '\u007f'])
      assert.deepEqual(
        told(await put('ada', 'x', make(token))),
        refused('Token is invalid'),
        JSON.stringify(token),
      )
    assert.equal((await put('ada', 'x', make('a'.repeat(4_096)))).status, 200)
    const long = 'Token is too long (maximum is 4096 characters)'
    assert.deepEqual(told(await put('ada', 'x', make('a'.repeat(4_097)))), refused(long))
  }
  assert.deepEqual(told(await put('ada', 'x', apns('abcg'))), refused('Token is invalid'))
  assert.equal((await put('ada', 'x', fcm('!~:/+='))).status, 200)
})

const NO_URLS = [
  'http://push.example.com/x',
  'push.example.com',
  'https:',
  'https://',
  'https:/push.example.com/x',
  1,
]
const NO_URLS_EITHER = [
  'ftp://push.example.com',
  ' https://push.example.com',
  'https://push.exa mple.com',
  'https://a/\n',
]
const AT = 'Endpoint must be at a public address'
/** What is refused of the endpoint, and its word. */
const NO_ENDPOINTS: readonly (readonly [string, readonly unknown[]])[] = [
  ["Endpoint can't be blank", [undefined, null, '']],
  [
    'Endpoint must be an https URL',
    [...NO_URLS, ...NO_URLS_EITHER, {}, 'https://[::1', 'https://push.example.com:x'],
  ],
  [
    'Endpoint must not hold credentials',
    ['https://user:pw@push.example.com/x', 'https://user@push.example.com', 'https://:pw@push.example.com'],
  ],
  ['Endpoint is too long (maximum is 2048 characters)', [`https://push.example.com/${'x'.repeat(2_024)}`]],
  [
    AT,
    [
      '127.0.0.1',
      '10.1.2.3',
      '192.168.0.1',
      '172.16.0.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
    ].map((ip) => `https://${ip}/x`),
  ],
  [
    AT,
    ['0x7f.1', '2130706433', '017700000001', '127.1', '192.0.2.1', '255.255.255.255'].map(
      (ip) => `https://${ip}:8443/x`,
    ),
  ],
  [
    AT,
    [
      '[::1]',
      '[::]',
      '[fe80::1]',
      '[fc00::1]',
      '[::ffff:10.0.0.1]',
      '[::127.0.0.1]',
      '[64:ff9b::a00:1]',
      '[2002:a00:1::]',
      '[ff02::1]',
    ].map((ip) => `https://${ip}/x`),
  ],
  [
    AT,
    ['localhost', 'LOCALHOST', 'localhost.', 'push.localhost', '127.0.0.1.'].map(
      (host) => `https://${host}/x`,
    ),
  ],
]

test('422: the endpoint', async () => {
  for (const [words, endpoints] of NO_ENDPOINTS)
    for (const endpoint of endpoints)
      assert.deepEqual(told(await put('ada', 'x', web(endpoint))), refused(words), String(endpoint))
  for (const endpoint of [
    `https://push.example.com/${'x'.repeat(2_023)}`,
    ...[
      'https://8.8.8.8/x',
      'https://[2606:4700::1]:444/x',
      'https://[::ffff:8.8.8.8]/x',
      'HTTPS://updates.push.services.mozilla.com/wpush/v2/x',
    ],
  ])
    assert.equal((await put('ada', 'x', web(endpoint))).status, 200, endpoint)
})

test('an address in a range that the operator allows is taken, and no other', async () => {
  const env = { SNUG_WEB_PUSH_ALLOW: '127.0.0.0/8, fc00::/7' }
  const allowing = await newContract(snug.snug.databaseUrl, env)
  const status = async (endpoint: string) =>
    (await allowing.ask('PUT', '/api/v1/devices/x', { as: 'ada', body: web(endpoint) })).status
  for (const host of ['127.0.0.1:8443', '[fc00::5]', 'localhost', '[::ffff:127.0.0.1]', '8.8.8.8'])
    assert.equal(await status(`https://${host}/x`), 200, host)
  for (const host of ['10.0.0.1', '[fe80::1]', '[::1]'])
    assert.equal(await status(`https://${host}/x`), 422, host)
  assert.equal(await status('http://127.0.0.1/x'), 422)
})

test('422: the keys of a subscription', async () => {
  const endpoint = 'https://push.example.com/keys'
  const off = point()
  off[64] = (off[64] as number) ^ 1
  const compressed = Buffer.concat([Buffer.from([2]), point().subarray(1, 33)])
  const hybrid = point()
  hybrid[0] = 6 + ((hybrid[64] as number) & 1)
  const wrong = [
    off,
    compressed,
    hybrid,
    point().subarray(0, 64),
    Buffer.concat([point(), Buffer.from([0])]),
    Buffer.alloc(65, 4),
  ]
  const words = ['AAAA', 'not base64!', `${P256DH}==\n`, P256DH.slice(1), 1, [P256DH], {}]
  for (const p256dh of [...wrong.map((bytes) => bytes.toString('base64url')), ...words])
    assert.deepEqual(
      told(await put('ada', 'x', web(endpoint, { p256dh, auth: AUTH }))),
      refused('P256dh is invalid'),
      String(p256dh),
    )
  const lengths = [1, 15, 17, 32].map((n) => randomBytes(n).toString('base64url'))
  for (const auth of [...lengths, `${AUTH.slice(0, -1)}+`, 1, {}, ' '])
    assert.deepEqual(
      told(await put('ada', 'x', web(endpoint, { p256dh: P256DH, auth }))),
      refused('Auth is invalid'),
      String(auth),
    )
  const padded = { p256dh: `${P256DH}=`, auth: `${AUTH}==` }
  assert.equal((await put('ada', 'x', web(endpoint, padded))).status, 200)
  const { p256dh, auth } = await stored('x')
  assert.deepEqual([p256dh, auth], [P256DH, AUTH], 'in one form')
})

test('422: every fault, in the order of the fields', async () => {
  const blanks = ["Endpoint can't be blank", "P256dh can't be blank", "Auth can't be blank"]
  const of = (subscription: unknown) => put('ada', 'x', { platform: 'web', subscription })
  for (const subscription of [
    {},
    { keys: null },
    { keys: 'x' },
    { endpoint: '', keys: { p256dh: '', auth: null } },
  ])
    assert.deepEqual(told(await of(subscription)), refused(...blanks))
  for (const subscription of [undefined, null])
    assert.deepEqual(told(await of(subscription)), refused("Subscription can't be blank"))
  for (const subscription of ['x', 1, [], true])
    assert.deepEqual(told(await of(subscription)), refused('Subscription is invalid'))
  const all = await put('ada', 'no%20id', web('http://x', { p256dh: 'x', auth: 'y' }))
  const faults = ['Endpoint must be an https URL', 'P256dh is invalid', 'Auth is invalid']
  assert.deepEqual(told(all), refused('Device is invalid', ...faults))
})

test('401 and 400 as everywhere; 401 for an unknown user comes before what is wrong with the request', async () => {
  await snug.users('gone')
  await put('gone', 'last', fcm('gone-token'))
  await snug.erase('gone')
  const unknown = { status: 401, body: { message: 'Unknown User' } }
  for (const as of ['gone', 'nobody']) {
    assert.deepEqual(told(await put(as, 'no%20id', {})), unknown)
    assert.deepEqual(told(await remove(as, 'last')), unknown)
    assert.deepEqual(told(await snug.ask('GET', '/api/v1/devices?page=0', { as })), unknown)
    assert.deepEqual(told(await snug.ask('GET', '/api/v1/push/public_key', { as })), unknown)
  }
  for (const [method, path] of [
    ['GET', 'devices'],
    ['PUT', 'devices/x'],
    ['DELETE', 'devices/x'],
    ['GET', 'push/public_key'],
  ] as const)
    assert.deepEqual(told(await snug.ask(method, `/api/v1/${path}`)), {
      status: 401,
      body: { message: 'Missing Token' },
    })
  const answer = await snug.ask('PUT', '/api/v1/devices/x', { as: 'ada', raw: 'no json' })
  assert.deepEqual(told(answer), { status: 400, body: { message: 'Invalid JSON' } })
})

test('the public key is that of the installation', async () => {
  const { status, body } = await snug.ask('GET', '/api/v1/push/public_key', { as: 'ada' })
  const key = (await readInstallation(db)).vapid?.publicKey
  assert.deepEqual({ status, body }, { status: 200, body: { public_key: key } })
  assert.equal(Buffer.from(String(key), 'base64url').length, 65)
})

test('browsers of the origins that may call may do all of it', async () => {
  for (const [method, url] of [
    ['PUT', '/api/v1/devices/x'],
    ['DELETE', '/api/v1/devices/x'],
    ['PATCH', '/api/v2/users/ada/settings'],
  ] as const) {
    const headers = { origin: 'https://host.example', 'access-control-request-method': method }
    const preflight = await snug.snug.snug.app.inject({ method: 'OPTIONS', url, headers })
    assert.equal(preflight.statusCode, 204)
    assert.ok(String(preflight.headers['access-control-allow-methods']).includes(method))
  }
})
