import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContract, personOf, told, UUID_V7, WIRE_TIME } from './client.ts'

// Communities and memberships over the service API: CONTRACT §7.

const snug = await newContract()
await snug.users('ada', 'bob', 'fay')
const put = (path: string, body: unknown) =>
  snug.ask('PUT', `/service/v1/communities/${path}`, { service: true, body })
const refused = (...message: string[]) => ({ status: 422, body: { message } })
const NOT_FOUND = { status: 404, body: { message: 'Not Found' } }

test('a community: 201 when it is new, 200 when it is known', async () => {
  const body = { name: 'The Whisky Club', creator_id: 'ada' }
  assert.deepEqual(told(await put('c', body)), { status: 201, body: { id: 'c', ...body } })
  assert.deepEqual(told(await put('c', body)), { status: 200, body: { id: 'c', ...body } })
  const renamed = { name: ' Clube do Whisky 🥃 ', creator_id: 'ada' }
  assert.deepEqual(told(await put('c', { ...renamed, extra: 1 })), {
    status: 200,
    body: { id: 'c', ...renamed },
  })
  const { data } = (await snug.ask('GET', '/api/v1/communities', { as: 'ada' })).body
  assert.deepEqual([data[0].name, data[0].creator], [renamed.name, personOf('ada')])
})

test('a community may be called what a user may not, since nothing is in its way', async () => {
  assert.equal((await put('conversations', { name: 'x', creator_id: 'fay' })).status, 201)
  assert.equal((await snug.list('fay', 'conversations')).status, 200)
  for (const id of ['x'.repeat(64), 'A-Za-z0-9._~-'])
    assert.equal((await put(id, { name: 'x', creator_id: 'fay' })).status, 201)
  for (const id of ['x'.repeat(65), 'a%20b', '%00', 'a%2Fb', '%C3%A9']) {
    const answer = await put(id, { name: 'x', creator_id: 'fay' })
    assert.deepEqual(told(answer), refused('Id must be 1 to 64 of A-Z a-z 0-9 . _ ~ -'), id)
  }
})

test('a community’s faults, in the order of the fields', async () => {
  const cases: [unknown, ...string[]][] = [
    [{}, "Name can't be blank", "Creator can't be blank"],
    [{ name: 5 }, 'Name is invalid', "Creator can't be blank"],
    [{ creator_id: 'ada' }, "Name can't be blank"],
    [{ creator_id: 5, name: '  ' }, "Name can't be blank", "Creator can't be blank"],
    [{ creator_id: 'no id', name: null }, "Name can't be blank", 'Creator is invalid'],
    [{ name: 'x'.repeat(256), creator_id: 'ada' }, 'Name is too long (maximum is 255 characters)'],
    [{ name: 'a\u0000', creator_id: 'ada' }, 'Name is invalid'],
    [{ name: 'x', creator_id: null }, "Creator can't be blank"],
    [{ name: 'x', creator_id: '' }, 'Creator is invalid'],
    [{ name: 'x', creator_id: 'nobody' }, 'Creator must exist'],
    [[], "Name can't be blank", "Creator can't be blank"],
  ]
  for (const [body, ...message] of cases)
    assert.deepEqual(told(await put('never-made', body)), refused(...message))
  assert.deepEqual(told(await snug.list('ada', 'never-made')), NOT_FOUND)
})

test('a membership: 201 when it is new, 200 when it is known, and its id stays', async () => {
  const made = await put('c/members/bob', { status: 'active' })
  assert.equal(made.status, 201)
  assert.match(made.body.id, UUID_V7)
  assert.match(made.body.joined_at, WIRE_TIME)
  assert.ok(Math.abs(Date.parse(made.body.joined_at) - Date.now()) < 60_000, 'joined now')
  assert.deepEqual([made.body.tier, made.body.tier_name, made.body.is_blocked], [null, null, false])
  const again = await put('c/members/bob', { status: 'canceled' })
  assert.deepEqual(told(again), { status: 200, body: { ...made.body, status: 'canceled' } })
  const read = await snug.ask('GET', '/api/v1/communities/c/members/bob', { as: 'ada' })
  assert.deepEqual(read.body, again.body)
})

test('every status that is one', async () => {
  for (const status of ['active', 'trialing', 'past_due', 'canceled', 'unpaid', 'incomplete'])
    assert.deepEqual((await put('c/members/bob', { status })).body.status, status)
})

test('fields that are left out stay as they are, and a null tier clears it', async () => {
  const tier = { id: 'gold', name: 'Gold', color: '#d4af37' }
  const seen = async (body: object) => {
    const answer = await put('c/members/bob', { status: 'active', ...body })
    assert.equal(answer.status, 200, answer.text)
    return [answer.body.joined_at, answer.body.tier, answer.body.tier_name]
  }
  const joined_at = '2024-02-29T23:59:59Z'
  assert.deepEqual(await seen({ tier, joined_at }), [joined_at, tier, 'Gold'])
  assert.deepEqual(await seen({}), [joined_at, tier, 'Gold'])
  assert.deepEqual(await seen({ tier: null }), [joined_at, null, null])
  assert.deepEqual(await seen({ tier: { name: 'Silver' } }), [
    joined_at,
    { id: null, name: 'Silver', color: null },
    'Silver',
  ])
  assert.deepEqual(await seen({ tier: {} }), [joined_at, { id: null, name: null, color: null }, null])
  assert.deepEqual(await seen({ tier: { ...tier, extra: 'x' } }), [joined_at, tier, 'Gold'])
  assert.deepEqual(await seen({ joined_at: '2020-01-01T00:00:00Z' }), ['2020-01-01T00:00:00Z', tier, 'Gold'])
})

test('joined_at is taken with an offset and fractions, and told in UTC and whole seconds', async () => {
  const times: Record<string, string> = {
    '2024-12-01T10:30:00Z': '2024-12-01T10:30:00Z',
    '2024-12-01T10:30:00.999Z': '2024-12-01T10:30:00Z',
    '2024-12-01T10:30:00.123456789Z': '2024-12-01T10:30:00Z',
    '2024-12-01t10:30:00z': '2024-12-01T10:30:00Z',
    '2024-12-01 10:30:00Z': '2024-12-01T10:30:00Z',
    '2024-12-01T10:30:00+05:45': '2024-12-01T04:45:00Z',
    '2024-12-31T23:30:00-01:00': '2025-01-01T00:30:00Z',
    '1999-12-31T23:59:59Z': '1999-12-31T23:59:59Z',
    '1000-01-01T00:00:00Z': '1000-01-01T00:00:00Z',
    '8999-12-31T23:59:59Z': '8999-12-31T23:59:59Z',
  }
  for (const [joined_at, told] of Object.entries(times)) {
    const answer = await put('c/members/bob', { status: 'active', joined_at })
    assert.deepEqual([answer.status, answer.body.joined_at], [200, told], joined_at)
  }
})

test('422: joined_at that is no time, or one that no answer could tell', async () => {
  const fault = refused('Joined at must be a time such as 2024-12-01T10:30:00Z')
  const wrong = [
    '',
    'now',
    '2024-12-01',
    '10:30',
    '2024-12-01T10:30Z',
    '2024-12-01T10:30:00',
    '1733049000',
    'infinity',
    'epoch',
  ]
  const impossible = [
    '2024-13-01T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-04-31T00:00:00Z',
  ]
  const clock = [
    '2024-12-01T25:00:00Z',
    '2024-12-01T10:60:00Z',
    '2024-12-01T10:30:61Z',
    '2024-12-01T10:30:00+25:00',
  ]
  const outside = [
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+12:00',
    '9999-12-31T23:59:59-12:00',
    '+12024-01-01T00:00:00Z',
  ]
  const offsets = ['2024-12-01T10:30:00+16:30', '2024-12-01T10:30:00-23:59', '2024-12-01T10:30:00+01']
  for (const joined_at of [
    ...wrong,
    ...impossible,
    ...clock,
    ...outside,
    ...offsets,
    '2024-12-01T10:30:00Z\u0000',
  ])
    assert.deepEqual(told(await put('c/members/bob', { status: 'active', joined_at })), fault, joined_at)
  for (const joined_at of [5, ['2024-12-01T10:30:00Z'], {}])
    assert.deepEqual(
      told(await put('c/members/bob', { status: 'active', joined_at })),
      refused('Joined at is invalid'),
    )
})

test('a membership’s faults, in the order of the fields', async () => {
  const status = 'Status must be one of active, trialing, past_due, canceled, unpaid, incomplete'
  for (const value of ['', 'ACTIVE', 'cancelled', 'blocked', 'expired', 5, true, ['active']])
    assert.deepEqual(
      told(await put('c/members/fay', { status: value })),
      refused(status),
      JSON.stringify(value),
    )
  for (const body of [{}, { status: null }, [], 'x'])
    assert.deepEqual(told(await put('c/members/fay', body)), refused("Status can't be blank"))
  for (const tier of [5, 'gold', ['gold'], true])
    assert.deepEqual(told(await put('c/members/fay', { status: 'active', tier })), refused('Tier is invalid'))
  const tier = { color: 'a\u0000', name: 'x'.repeat(256), id: 5 }
  const all = [
    "Status can't be blank",
    'Joined at must be a time such as 2024-12-01T10:30:00Z',
    'Tier id is invalid',
  ]
  const rest = ['Tier name is too long (maximum is 255 characters)', 'Tier color is invalid']
  assert.deepEqual(told(await put('c/members/fay', { tier, joined_at: 'x' })), refused(...all, ...rest))
  const { body } = await snug.ask('GET', '/api/v1/communities/c/members', { as: 'ada' })
  assert.equal(body.total, 1, 'fay is no member')
})

test('404: an unknown community, user or membership, and ids that cannot be', async () => {
  const ask = (path: string, body: unknown = {}) =>
    snug.ask('POST', `/service/v1/communities/${path}`, { service: true, body })
  for (const path of [
    'nowhere/members/bob',
    'c/members/nobody',
    'no%20id/members/bob',
    'c/members/no%20id',
    'c/members/%00',
  ]) {
    assert.deepEqual(told(await put(path, { status: 'active' })), NOT_FOUND, path)
    for (const verb of ['block', 'unblock'])
      assert.deepEqual(told(await ask(`${path}/${verb}`)), NOT_FOUND, path)
  }
  for (const verb of ['block', 'unblock'])
    assert.deepEqual(told(await ask(`c/members/fay/${verb}`)), NOT_FOUND)
  // Faults come first, as everywhere.
  assert.equal((await put('nowhere/members/bob', {})).status, 422)
})

test('block and unblock, in the same words as the creator’s', async () => {
  const ask = (verb: string, body?: unknown) =>
    snug.ask('POST', `/service/v1/communities/c/members/bob/${verb}`, {
      service: true,
      ...(body !== undefined && { body }),
    })
  const blocked = await ask('block', { reason: 'Chargeback' })
  assert.equal(blocked.status, 200)
  const { status, is_blocked, metadata } = blocked.body
  assert.deepEqual(
    [status, is_blocked, metadata.block_reason, metadata.blocked_by],
    ['canceled', true, 'Chargeback', null],
  )
  assert.deepEqual(told(await ask('block')), { status: 422, body: { message: 'User is already blocked' } })
  assert.deepEqual((await ask('unblock', { reason: 'paid' })).body.is_blocked, false)
  assert.deepEqual(told(await ask('unblock')), { status: 422, body: { message: 'User is not blocked' } })
  assert.deepEqual(
    told(await ask('block', { reason: 'x'.repeat(501) })),
    refused('Reason is too long (maximum is 500 characters)'),
  )
})

test('many at once for one new membership: one makes it', async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => put('c/members/fay', { status: 'active' })),
  )
  assert.deepEqual(answers.map((one) => one.status).sort(), [...Array(11).fill(200), 201])
  assert.equal(new Set(answers.map((one) => one.body.id)).size, 1)
  const made = await Promise.all(
    Array.from({ length: 12 }, () => put('crowd', { name: 'x', creator_id: 'ada' })),
  )
  assert.deepEqual(made.map((one) => one.status).sort(), [...Array(11).fill(200), 201])
})
