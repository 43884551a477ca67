import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, personOf, told } from './client.ts'

// GET …/messages/conversations: what is in it, in which order, and the filters (CONTRACT §3). The pages are in paging.test.ts.

const snug = await newContract()
await snug.users('ada', 'bob', 'fay', 'gus', 'ivy', 'eve')
await snug.user('bob', { username: 'Whisky_Lover 100%', avatar_url: 'https://example.com/bob.jpg' })
await snug.user('gus', { username: 'ÉCLAIR über_ß' })
await snug.community('c', 'ada')
for (const id of ['bob', 'fay', 'gus', 'ivy']) await snug.member('c', id)
const bob = { id: 'bob', username: 'Whisky_Lover 100%', avatar_url: 'https://example.com/bob.jpg' }

const names = async (as: string, query: Record<string, string> = {}) => {
  const { status, body } = await snug.list(as, 'c', query)
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.total, body.data.length)
  return body.data.map((one: { user: { id: string } }) => one.user.id)
}

test('a conversation tells of the other, the latest message and what is unread', async () => {
  const sent = await snug.send('c', 'ada', 'bob', 'Thanks for the update!')
  const [mine] = (await snug.list('ada', 'c')).body.data
  const [theirs] = (await snug.list('bob', 'c')).body.data
  const { id, content, created_at } = sent
  const shared = {
    id: mine.id,
    updated_at: created_at,
    latest_message: { id, content, created_at, sender: personOf('ada') },
  }
  const open = { can_send: true, cannot_send_reason: null }
  assert.deepEqual(mine, { ...shared, user: bob, unread_count: 0, ...open })
  assert.deepEqual(theirs, { ...shared, user: personOf('ada'), unread_count: 1, ...open })
  const order = [
    'id',
    'updated_at',
    'user',
    'latest_message',
    'unread_count',
    'can_send',
    'cannot_send_reason',
  ]
  assert.deepEqual(Object.keys(mine), order)
})

test('newest message first, whoever sent it', async () => {
  for (const id of ['fay', 'gus', 'ivy']) await snug.send('c', id, 'ada', 'hello')
  assert.deepEqual(await names('ada'), ['ivy', 'gus', 'fay', 'bob'])
  await snug.send('c', 'ada', 'gus', 'hello to you')
  assert.deepEqual(await names('ada'), ['gus', 'ivy', 'fay', 'bob'])
  await snug.send('c', 'bob', 'ada', 'me first')
  assert.deepEqual(await names('ada'), ['bob', 'gus', 'ivy', 'fay'])
  // Reading one does not move it.
  const { body } = await snug.thread('ada', 'c', 'fay')
  await snug.ask('POST', `${messagesPath('c')}/fay/read`, {
    as: 'ada',
    body: { message_id: body.data[0].id },
  })
  assert.deepEqual(await names('ada'), ['bob', 'gus', 'ivy', 'fay'])
})

test('sends at once stand in an order that stays', async () => {
  await Promise.all(['bob', 'fay', 'gus', 'ivy'].map((id) => snug.send('c', 'ada', id, 'to all')))
  const first = await names('ada')
  assert.deepEqual(await names('ada'), first)
  const one = (page: number) => snug.list('ada', 'c', { page: `${page}`, per_page: '1' })
  const paged = await Promise.all([1, 2, 3, 4].map(one))
  assert.deepEqual(
    paged.map((answer) => answer.body.data[0].user.id),
    first,
  )
})

test('filter=unread', async () => {
  const read = async (other: string) => {
    const { body } = await snug.thread('ada', 'c', other, { page: 'last' })
    const message_id = body.data.at(-1).id
    await snug.ask('POST', `${messagesPath('c')}/${other}/read`, { as: 'ada', body: { message_id } })
  }
  for (const id of ['bob', 'fay', 'gus', 'ivy']) await read(id)
  assert.deepEqual(await names('ada', { filter: 'unread' }), [])
  await snug.send('c', 'fay', 'ada', 'one')
  await snug.send('c', 'ivy', 'ada', 'two')
  await snug.send('c', 'ivy', 'ada', 'three')
  assert.deepEqual(await names('ada', { filter: 'unread' }), ['ivy', 'fay'])
  const counts = (await snug.list('ada', 'c', { filter: 'unread' })).body.data
  assert.deepEqual(
    counts.map((one: { unread_count: number }) => one.unread_count),
    [2, 1],
  )
  assert.deepEqual(await names('fay', { filter: 'unread' }), [], 'sending marked it read')
  await read('ivy')
  assert.deepEqual(await names('ada', { filter: 'unread' }), ['fay'])
})

test('filter=awaiting_reply: the other participant spoke last', async () => {
  await snug.send('c', 'ada', 'bob', 'you are next')
  await snug.send('c', 'gus', 'ada', 'and you')
  assert.deepEqual(await names('ada', { filter: 'awaiting_reply' }), ['gus', 'ivy', 'fay'])
  assert.deepEqual(await names('bob', { filter: 'awaiting_reply' }), ['ada'])
  assert.deepEqual(await names('gus', { filter: 'awaiting_reply' }), [])
  await snug.send('c', 'ada', 'gus', 'now you')
  assert.deepEqual(await names('ada', { filter: 'awaiting_reply' }), ['ivy', 'fay'])
})

test('a conversation that a deletion took off the list is in no filter either', async () => {
  const sent = await snug.send('c', 'ivy', 'ada', 'never mind')
  const filters: Record<string, string>[] = [{ filter: 'unread' }, { filter: 'awaiting_reply' }, { q: 'ivy' }]
  for (const query of filters) assert.ok((await names('ada', query)).includes('ivy'))
  await snug.ask('DELETE', `${messagesPath('c')}/${sent.id}`, { as: 'ivy' })
  for (const query of [{}, ...filters, { filter: 'unread', q: 'ivy' }])
    assert.ok(!(await names('ada', query)).includes('ivy'), JSON.stringify(query))
  await snug.send('c', 'ivy', 'ada', 'after all')
})

test('q= is a part of the other’s username, to be taken as it stands', async () => {
  const found: Record<string, readonly string[]> = {
    whisky: ['bob'],
    WHISKY: ['bob'],
    lover: ['bob'],
    Whisky_Lover: ['bob'],
    'Whisky Lover': [],
    '100%': ['bob'],
    '%': ['bob'],
    _: ['gus', 'bob'],
    '\\': [],
    "'": [],
    'name of': ['ivy', 'fay'],
    'name of fay': ['fay'],
    ' 1': ['bob'],
    éclair: ['gus'],
    ÉCLAIR: ['gus'],
    ÜBER: ['gus'],
    eclair: [],
    ada: [],
    nobody: [],
    '.*': [],
    ['x'.repeat(5_000)]: [],
  }
  const byName = (ids: readonly string[]) => [...ids].sort()
  for (const [q, expected] of Object.entries(found))
    assert.deepEqual(byName(await names('ada', { q })), byName(expected), q)
  assert.equal((await names('ada', { q: '' })).length, 4, 'an empty one asks for nothing')
  assert.deepEqual(byName(await names('ada', { q: 'name', filter: 'unread' })), ['fay', 'ivy'])
  assert.deepEqual(await names('ada', { q: 'whisky', filter: 'unread' }), [])
})

test('filters that are none, and text that cannot be: 422', async () => {
  const refused = async (query: string, ...message: string[]) => {
    const answer = await snug.ask('GET', `${messagesPath('c')}/conversations?${query}`, { as: 'ada' })
    assert.deepEqual(told(answer), { status: 422, body: { message } }, query)
  }
  for (const filter of ['read', 'UNREAD', '', 'unread,awaiting_reply', 'unread&filter=unread'])
    await refused(`filter=${filter}`, 'Filter must be unread or awaiting_reply')
  await refused('q=%00', 'Q is invalid')
  await refused('q=a&q=b', 'Q is invalid')
  const all = ['Page must be a positive integer', 'Per page must be a positive integer']
  await refused(
    'q=%00&filter=x&per_page=0&page=',
    ...all,
    'Filter must be unread or awaiting_reply',
    'Q is invalid',
  )
  // Bytes that are no UTF-8 are looked for as they stand.
  const { status } = await snug.ask('GET', `${messagesPath('c')}/conversations?q=%ff%ed%a0%80`, { as: 'ada' })
  assert.equal(status, 200)
})

test('faults come before membership, the community before the faults', async () => {
  assert.equal((await snug.list('eve', 'c', { page: '0' })).status, 422)
  assert.equal((await snug.list('eve', 'c')).status, 403)
  assert.equal((await snug.list('eve', 'nowhere', { page: '0' })).status, 404)
  assert.equal((await snug.list('eve', 'c', { filter: 'unread' })).status, 403)
  assert.equal((await snug.list('eve', 'nowhere', { q: 'x' })).status, 404)
  assert.equal((await snug.list('nobody', 'nowhere', { q: 'x' })).status, 401)
})

test('can_send and its reason follow the membership', async () => {
  const seen = async (as: string, other: string) => {
    const { body } = await snug.list(as, 'c')
    const { can_send, cannot_send_reason } = body.data.find(
      (one: { user: { id: string } }) => one.user.id === other,
    )
    return [can_send, cannot_send_reason]
  }
  for (const status of ['past_due', 'canceled', 'unpaid', 'incomplete']) {
    await snug.member('c', 'fay', status)
    for (const [as, other] of [
      ['ada', 'fay'],
      ['fay', 'ada'],
    ] as const)
      assert.deepEqual(await seen(as, other), [false, 'membership_ended'], status)
  }
  for (const status of ['trialing', 'active']) {
    await snug.member('c', 'fay', status)
    assert.deepEqual(await seen('ada', 'fay'), [true, null])
    assert.deepEqual(await seen('fay', 'ada'), [true, null])
  }
})

test('communities know nothing of each other', async () => {
  await snug.community('d', 'ada')
  await snug.member('d', 'bob')
  assert.deepEqual((await snug.list('ada', 'd')).body.data, [])
  const sent = await snug.send('d', 'bob', 'ada', 'in the other one')
  assert.equal((await snug.list('ada', 'd')).body.total, 1)
  assert.equal((await snug.thread('ada', 'd', 'bob')).body.total, 1)
  const contents = (await snug.thread('ada', 'c', 'bob', { per_page: '100' })).body.data
  assert.ok(contents.every((one: { id: string }) => one.id !== sent.id))
  const del = await snug.ask('DELETE', `${messagesPath('c')}/${sent.id}`, { as: 'bob' })
  assert.deepEqual(told(del), { status: 404, body: { message: 'Not Found' } })
})
