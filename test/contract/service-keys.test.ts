import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Method, newContract, told, WIRE_TIME } from './client.ts'

// Who may call the service API, and the tokens that it makes (CONTRACT §7).

const KEYS = ['the-first-key', 'the-second-key-while-rotating', 'k3']
const snug = await newContract(undefined, { SNUG_SERVICE_KEY: KEYS.join(' , ') })
await snug.users('ada')

const CALLS: readonly (readonly [Method, string])[] = [
  ['PUT', '/service/v1/users/x'],
  ['DELETE', '/service/v1/users/ada'],
  ['PUT', '/service/v1/communities/x'],
  ['PUT', '/service/v1/communities/x/members/ada'],
  ['POST', '/service/v1/communities/x/members/ada/block'],
  ['POST', '/service/v1/communities/x/members/ada/unblock'],
  ['POST', '/service/v1/tokens'],
]

test('401 without the key, with another, or with a user’s token', async () => {
  const wrong: Readonly<Record<string, string>> = {
    'a user’s token': `Bearer ${snug.snug.token('ada')}`,
    'a part of it': `Bearer ${KEYS[0]?.slice(0, -1)}`,
    'more than it': `Bearer ${KEYS[0]}x`,
    'all of them': `Bearer ${KEYS.join(',')}`,
    'another case': `Bearer ${KEYS[0]?.toUpperCase()}`,
    'another scheme': `Basic ${KEYS[0]}`,
    nonsense: 'Bearer \u00e9',
  }
  for (const [method, path] of CALLS) {
    const raw = method === 'DELETE' ? {} : { raw: '{"username":"x"}' }
    for (const authorization of [undefined, '', 'Bearer', 'Bearer '] as (string | undefined)[]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await snug.ask(method, path, { headers, ...raw })
      assert.deepEqual(told(answer), { status: 401, body: { message: 'Missing Token' } }, path)
    }
    for (const [name, authorization] of Object.entries(wrong)) {
      const answer = await snug.ask(method, path, { headers: { authorization }, ...raw })
      assert.deepEqual(told(answer), { status: 401, body: { message: 'Invalid Token' } }, `${path}: ${name}`)
    }
  }
  assert.equal((await snug.ask('GET', '/api/v1/communities', { as: 'ada' })).status, 200, 'nobody was erased')
})

test('each of several keys is taken, with Bearer in any case and bare', async () => {
  for (const key of KEYS) {
    for (const authorization of [`Bearer ${key}`, `bearer ${key}`, key]) {
      const answer = await snug.ask('PUT', '/service/v1/users/ada', {
        headers: { authorization },
        body: { username: 'ada' },
      })
      assert.equal(answer.status, 200, authorization)
    }
  }
})

const tokens = (body: unknown) => snug.ask('POST', '/service/v1/tokens', { service: true, body })

test('a token for a user, for as long as was asked', async () => {
  for (const [expires_in, seconds] of [
    [undefined, 3_600],
    [1, 1],
    [60, 60],
    [86_400, 86_400],
    [60.0, 60],
  ] as const) {
    const before = Math.floor(Date.now() / 1000)
    const { status, body } = await tokens({ user_id: 'ada', ...(expires_in && { expires_in }), extra: 'x' })
    const after = Math.floor(Date.now() / 1000)
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), ['access_token', 'expires_at'])
    assert.match(body.expires_at, WIRE_TIME)
    const expires = Date.parse(body.expires_at) / 1000
    assert.ok(expires >= before + seconds && expires <= after + seconds)
    const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString())
    assert.deepEqual([claims.sub, claims.exp], ['ada', expires])
  }
  const { access_token } = (await tokens({ user_id: 'ada' })).body
  const headers = { authorization: `Bearer ${access_token}` }
  assert.equal((await snug.ask('GET', '/api/v1/communities', { headers })).status, 200)
})

test('422: what no token is made for', async () => {
  const SECONDS = 'Expires in must be a whole number of seconds from 1 to 86400'
  const cases: [unknown, ...string[]][] = [
    [{}, "User can't be blank"],
    [{ user_id: null }, "User can't be blank"],
    [{ user_id: 5 }, "User can't be blank"],
    [{ user_id: 'no id' }, 'User is invalid'],
    [{ user_id: '' }, 'User is invalid'],
    [{ user_id: 'nobody' }, 'User must exist'],
    [[], "User can't be blank"],
    ...[0, -1, 86_401, 1.5, 1e300, '60', true, [60], {}].map((expires_in): [unknown, string] => [
      { user_id: 'ada', expires_in },
      SECONDS,
    ]),
    [{ user_id: 'ada', expires_in: null }, "Expires in can't be blank"],
    [{ expires_in: 0 }, "User can't be blank", SECONDS],
    [{ expires_in: '60', user_id: 'no id' }, 'User is invalid', SECONDS],
  ]
  for (const [body, ...message] of cases)
    assert.deepEqual(told(await tokens(body)), { status: 422, body: { message } }, JSON.stringify(body))
})
