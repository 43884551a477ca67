import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membersPath, newContract, told, UUID_V7, WIRE_TIME } from './client.ts'

// CONTRACT §4, for the creator. That nobody else gets anything is in the matrix; the pages are in paging.test.ts.

const snug = await newContract()
const people: Readonly<Record<string, object>> = {
  ada: { username: 'ada_the_creator' },
  m1: {
    username: 'Alice_B',
    name: 'Alice Barley',
    email: 'alice@example.com',
    avatar_url: 'https://example.com/a.png',
  },
  m2: { username: 'bob', name: 'Robert Cask', email: 'Bob@Example.com' },
  m3: { username: 'carol%', name: null, email: null },
  m4: { username: 'ÖRJAN', name: 'Örjan Öl', email: 'orjan@example.se' },
  m5: { username: 'eve', name: 'Eve\\', email: 'eve_1@example.com' },
  m6: { username: 'frank' },
  m7: { username: 'grace', email: 'grace@barley.example' },
}
for (const [id, fields] of Object.entries(people)) await snug.user(id, fields)
await snug.community('c', 'ada')
const statuses = ['active', 'trialing', 'past_due', 'canceled', 'unpaid', 'incomplete', 'active']
for (const [i, status] of statuses.entries()) {
  const joined_at = `2024-0${i + 1}-15T12:00:00Z`
  const body = { status, joined_at, ...(i === 0 && { tier: { id: 'gold', name: 'Gold', color: '#d4af37' } }) }
  const made = await snug.ask('PUT', `/service/v1/communities/c/members/m${i + 1}`, { service: true, body })
  assert.equal(made.status, 201)
}

const get = (path = '', query: Record<string, string> = {}, as = 'ada') =>
  snug.ask('GET', `${membersPath('c')}${path}`, { as, query })
const verb = (id: string, name: 'block' | 'unblock', body?: unknown) =>
  snug.ask('POST', `${membersPath('c')}/${id}/${name}`, { as: 'ada', ...(body !== undefined && { body }) })
const ids = async (query: Record<string, string> = {}) => {
  const { status, body } = await get('', query)
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.total, body.data.length)
  return body.data.map((one: { user: { id: string } }) => one.user.id)
}
const counts = async () => (await get()).body.counts

test('a member, to the field', async () => {
  const { status, body } = await get('/m1')
  assert.equal(status, 200)
  assert.match(body.id, UUID_V7)
  assert.deepEqual(body, {
    id: body.id,
    status: 'active',
    joined_at: '2024-01-15T12:00:00Z',
    is_blocked: false,
    tier_name: 'Gold',
    tier: { id: 'gold', name: 'Gold', color: '#d4af37' },
    user: {
      ...{ id: 'm1', name: 'Alice Barley', username: 'Alice_B', email: 'alice@example.com' },
      avatar_url: 'https://example.com/a.png',
    },
    metadata: {
      ...{ blocked: false, blocked_at: null, blocked_by: null, block_reason: null },
      ...{ unblocked_at: null, unblocked_by: null },
    },
  })
  const bare = (await get('/m6')).body
  const nothing = { id: 'm6', name: null, username: 'frank', email: null, avatar_url: null }
  assert.deepEqual([bare.tier, bare.tier_name, bare.user], [null, null, nothing])
})

test('by the membership’s id as well as the user’s', async () => {
  const { body } = await get('/m2')
  assert.deepEqual((await get(`/${body.id}`)).body, body)
  assert.deepEqual((await get(`/${body.id.toUpperCase()}`)).body, body)
  await snug.community('d', 'ada')
  await snug.member('d', 'm2')
  const elsewhere = await snug.ask('GET', `${membersPath('d')}/${body.id}`, { as: 'ada' })
  assert.deepEqual(
    told(elsewhere),
    { status: 404, body: { message: 'Not Found' } },
    'an id of another community',
  )
  // A host may give users ids that look like ours.
  const uuid = '01A203E0-09e9-727d-8a69-7cce79def710'
  await snug.users(uuid)
  await snug.member('d', uuid)
  const found = await snug.ask('GET', `${membersPath('d')}/${uuid}`, { as: 'ada' })
  assert.deepEqual([found.status, found.body.user?.id], [200, uuid])
})

test('404 for everybody without a membership', async () => {
  await snug.users('stranger')
  for (const id of [
    'stranger',
    'ada',
    'nobody',
    'no%20id',
    '%00',
    '01a203e0-09e9-727d-8a69-7cce79def710',
    'x'.repeat(65),
  ]) {
    const gone = { status: 404, body: { message: 'Not Found' } }
    assert.deepEqual(told(await get(`/${id}`)), gone, id)
    assert.deepEqual(told(await verb(id, 'block')), gone, id)
    assert.deepEqual(told(await verb(id, 'unblock')), gone, id)
  }
})

test('the list is the newest first, with the counts of the three groups', async () => {
  const { body } = await get()
  assert.deepEqual(Object.keys(body), ['total', 'has_more', 'data', 'counts'])
  assert.deepEqual(await ids(), ['m7', 'm6', 'm5', 'm4', 'm3', 'm2', 'm1'])
  assert.deepEqual(body.counts, { active: 3, canceled: 4, blocked: 0 })
  for (const one of body.data) assert.deepEqual(one, (await get(`/${one.user.id}`)).body)
})

test('status: active with trialing, canceled in both spellings with everything that has ended', async () => {
  assert.deepEqual(await ids({ status: 'active' }), ['m7', 'm2', 'm1'])
  for (const status of ['canceled', 'cancelled'])
    assert.deepEqual(await ids({ status }), ['m6', 'm5', 'm4', 'm3'], status)
  assert.deepEqual(await ids({ status: 'blocked' }), [])
  await verb('m1', 'block')
  await verb('m4', 'block')
  assert.deepEqual(await ids({ status: 'blocked' }), ['m4', 'm1'])
  assert.deepEqual(await ids({ status: 'active' }), ['m7', 'm2'])
  assert.deepEqual(await ids({ status: 'canceled' }), ['m6', 'm5', 'm3'])
  assert.deepEqual(await counts(), { active: 2, canceled: 3, blocked: 2 })
  for (const [status, total] of [
    ['active', 2],
    ['canceled', 3],
    ['blocked', 2],
  ] as const) {
    const { body } = await get('', { status, per: '1' })
    assert.deepEqual([body.total, body.has_more, body.data.length], [total, true, 1])
    assert.deepEqual(body.counts, await counts(), 'the counts are of everybody')
  }
  await verb('m1', 'unblock')
  await verb('m4', 'unblock')
  assert.deepEqual(await counts(), { active: 2, canceled: 5, blocked: 0 })
  await snug.member('c', 'm1', 'active')
})

test('search: a part of the username, the name or the email, in any case and as it stands', async () => {
  const found: Record<string, readonly string[]> = {
    alice: ['m1'],
    ALICE_B: ['m1'],
    barley: ['m7', 'm1'],
    'rt Ca': ['m2'],
    'BOB@example': ['m2'],
    '@example.com': ['m5', 'm2', 'm1'],
    '%': ['m3'],
    _: ['m5', 'm1'],
    '\\': ['m5'],
    "'": [],
    'örjan öl': ['m4'],
    ÖRJAN: ['m4'],
    orjan: ['m4'],
    ada: [],
    m1: [],
    null: [],
    '.': ['m7', 'm5', 'm4', 'm2', 'm1'],
    ['x'.repeat(5_000)]: [],
  }
  for (const [search, expected] of Object.entries(found))
    assert.deepEqual(await ids({ search }), expected, search)
  assert.equal((await ids({ search: '' })).length, 7, 'an empty one asks for nothing')
  assert.deepEqual(await ids({ search: 'example', status: 'active' }), ['m7', 'm2', 'm1'])
  assert.deepEqual(await ids({ search: 'example', status: 'cancelled' }), ['m5', 'm4'])
  const { body } = await get('', { search: 'example', per: '2', page: '2' })
  assert.deepEqual([body.total, body.has_more, body.data.length], [5, true, 2])
})

test('parameters that cannot be: 422, each in its words', async () => {
  const refused = async (query: string, ...message: string[]) => {
    const answer = await snug.ask('GET', `${membersPath('c')}?${query}`, { as: 'ada' })
    assert.deepEqual(told(answer), { status: 422, body: { message } }, query)
  }
  for (const status of ['', 'ACTIVE', 'trialing', 'past_due', 'all', 'active&status=blocked'])
    await refused(`status=${status}`, 'Status must be active, canceled or blocked')
  await refused('search=%00', 'Search is invalid')
  await refused('search=a&search=b', 'Search is invalid')
  const pages = [
    'Page must be a positive integer',
    'Per must be a positive integer',
    'Per page must be a positive integer',
  ]
  const all = 'search=%00&status=x&per_page=0&per=0&page=0'
  await refused(all, ...pages, 'Status must be active, canceled or blocked', 'Search is invalid')
})

test('a block tells of itself, and an unblock too', async () => {
  const before = (await get('/m2')).body
  const { status, body } = await verb('m2', 'block', { reason: 'Spam 🥫' })
  assert.equal(status, 200)
  const { blocked_at } = body.metadata
  assert.match(blocked_at, WIRE_TIME)
  const blocked = {
    blocked: true,
    blocked_at,
    blocked_by: 'ada',
    block_reason: 'Spam 🥫',
    unblocked_at: null,
    unblocked_by: null,
  }
  assert.deepEqual(body, { ...before, status: 'canceled', is_blocked: true, metadata: blocked })
  assert.deepEqual((await get('/m2')).body, body)
  assert.deepEqual(told(await verb('m2', 'block')), {
    status: 422,
    body: { message: 'User is already blocked' },
  })
  assert.equal((await get('/m2')).body.metadata.block_reason, 'Spam 🥫', 'the second changed nothing')

  const after = await verb(body.id, 'unblock')
  assert.equal(after.status, 200)
  assert.deepEqual(
    [after.body.status, after.body.is_blocked, after.body.metadata.blocked],
    ['canceled', false, false],
  )
  assert.match(after.body.metadata.unblocked_at, WIRE_TIME)
  assert.equal(after.body.metadata.unblocked_by, 'ada')
  assert.deepEqual(told(await verb('m2', 'unblock')), {
    status: 422,
    body: { message: 'User is not blocked' },
  })

  const again = (await verb('m2', 'block')).body.metadata
  assert.deepEqual([again.block_reason, again.unblocked_at, again.unblocked_by], [null, null, null])
  await verb('m2', 'unblock')
})

test('the reason is optional, to 500 characters', async () => {
  const reasons: readonly unknown[] = [
    undefined,
    {},
    { reason: null },
    { reason: '' },
    { other: 1 },
    [],
    'text',
    null,
  ]
  for (const body of reasons) {
    const { status, body: member } = await verb('m3', 'block', body)
    assert.equal(status, 200, JSON.stringify(body))
    assert.ok([null, ''].includes(member.metadata.block_reason))
    await verb('m3', 'unblock')
  }
  for (const reason of ['x'.repeat(500), '😀'.repeat(500), ' kept \n']) {
    assert.equal((await verb('m3', 'block', { reason })).body.metadata.block_reason, reason)
    await verb('m3', 'unblock')
  }
  for (const [reason, fault] of [
    ['x'.repeat(501), 'is too long (maximum is 500 characters)'],
    ['😀'.repeat(501), 'is too long (maximum is 500 characters)'],
    [5, 'is invalid'],
    [['x'], 'is invalid'],
    ['a\u0000', 'is invalid'],
    ['\ud800', 'is invalid'],
  ] as const) {
    const answer = await verb('m3', 'block', { reason })
    assert.deepEqual(told(answer), { status: 422, body: { message: [`Reason ${fault}`] } })
  }
  assert.equal((await get('/m3')).body.is_blocked, false)
})

test('blocked by the host: nobody’s name stands by it', async () => {
  await snug.block('c', 'm5')
  const { blocked, blocked_at, blocked_by } = (await get('/m5')).body.metadata
  assert.deepEqual([blocked, blocked_by], [true, null])
  assert.match(blocked_at, WIRE_TIME)
  await snug.unblock('c', 'm5')
  assert.equal((await get('/m5')).body.metadata.unblocked_by, null)
})
