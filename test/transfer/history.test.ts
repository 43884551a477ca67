import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { newSnug } from '../kit.ts'
import { brokenTables, exportAll, importAll, message, people } from './kit.ts'

const snug = await newSnug()
const { db } = snug
await importAll(db, ...people(20))
afterEach(async () => assert.deepEqual(await brokenTables(db), []))

const at = (second: number) => new Date(Date.UTC(2024, 11, 1) + second * 1_000).toISOString()
const said = (from: string, to: string, second: number, more: object = {}) =>
  message(from, to, `${from} at ${second}`, { created_at: at(second), ...more })

async function listed(as: string, other: string) {
  const { body } = await snug.call('GET', '/api/v1/communities/c/messages/conversations?per_page=100', { as })
  return body.data.find((one: { user: { id: string } }) => one.user.id === other)
}
const unread = async (as: string, other: string) => (await listed(as, other))?.unread_count
async function thread(as: string, other: string): Promise<string[]> {
  const { body } = await snug.call('GET', `/api/v1/communities/c/messages/${other}?per_page=100`, { as })
  return body.data.map((one: { content: string }) => one.content)
}

test('imported messages count as read by both', async () => {
  await importAll(db, said('ada', 'm1', 1), said('m1', 'ada', 2), said('m1', 'ada', 3))
  assert.equal(await unread('ada', 'm1'), 0)
  assert.equal(await unread('m1', 'ada'), 0)
})

test('read: false is unread, until something later is read or answered', async () => {
  const late = { read: false }
  await importAll(db, said('m2', 'ada', 1, late), said('m2', 'ada', 2, late), said('m2', 'ada', 3))
  assert.equal(await unread('ada', 'm2'), 3, 'what is not said does not read what lies below')
  await importAll(db, said('m2', 'ada', 4, { read: true }), said('m2', 'ada', 5, late))
  assert.equal(await unread('ada', 'm2'), 1)
  await importAll(db, said('ada', 'm2', 6), said('m2', 'ada', 7, late))
  assert.equal(await unread('ada', 'm2'), 1)
  assert.equal(await unread('m2', 'ada'), 0)
})

test('what was unread before stays so when history is laid on top', async () => {
  await snug.send('c', 'm3', 'ada', 'live')
  await importAll(db, said('m3', 'ada', 1))
  assert.equal(await unread('ada', 'm3'), 2)
  await importAll(db, said('ada', 'm3', 2))
  assert.equal(await unread('ada', 'm3'), 0)
})

test('history goes on top in the order of its lines, and the conversation keeps its place in the list', async () => {
  const live = await snug.send('c', 'ada', 'm4', 'live')
  await importAll(db, said('m4', 'ada', 9), said('ada', 'm4', 5))
  assert.deepEqual(await thread('ada', 'm4'), ['live', 'm4 at 9', 'ada at 5'])
  const { body } = await snug.call('GET', '/api/v1/communities/c/messages/conversations', { as: 'ada' })
  assert.equal(body.data[0].user.id, 'm4')
  assert.equal(body.data[0].updated_at, '2024-12-01T00:00:05Z')
  await snug.send('c', 'm4', 'ada', 'live again')
  const { status } = await snug.call('DELETE', `/api/v1/communities/c/messages/${live.id}`, { as: 'ada' })
  assert.equal(status, 403)
})

test('a message without an id is the same one each time; another time makes another one', async () => {
  const lines = [
    said('ada', 'm5', 1),
    said('ada', 'm5', 1),
    said('ada', 'm5', 1, { created_at: '2024-12-01T00:00:01.5Z' }),
  ]
  assert.equal((await importAll(db, ...lines)).imported.messages, 2)
  const elsewhere = said('ada', 'm5', 1, { created_at: '2024-12-01T02:00:01.000+02:00' })
  assert.equal((await importAll(db, ...lines, elsewhere)).imported.messages, 0)
  const { body } = await snug.call('GET', '/api/v1/communities/c/messages/m5', { as: 'ada' })
  const times = body.data.map(({ id }: { id: string }) => id.slice(0, 18))
  assert.deepEqual(times, ['01937f84-5be8-7000', '01937f84-5ddc-7000'], 'UUIDv7 of the time it was written')
})

test('any UUID is an id, in lower case, and is known again in either', async () => {
  const id = 'AAAAAAAA-0000-1000-0000-AAAAAAAAAAAA'
  const first = said('ada', 'm6', 1, { id, conversation_id: 'BBBBBBBB-0000-4000-8000-BBBBBBBBBBBB' })
  const again = said('ada', 'm6', 2, { id: id.toLowerCase() })
  assert.equal((await importAll(db, first, again)).imported.messages, 1, 'within a file')
  assert.equal((await importAll(db, again)).imported.messages, 0)
  const found = await listed('ada', 'm6')
  assert.equal(found.latest_message.id, id.toLowerCase())
  assert.equal(found.id, 'bbbbbbbb-0000-4000-8000-bbbbbbbbbbbb')
  await snug.send('c', 'm6', 'ada', 'goes on')
})

test('a block comes in before, between and after the messages', async () => {
  const block = (user_id: string) => ({
    type: 'member',
    community_id: 'c',
    user_id,
    status: 'canceled',
    metadata: { blocked: true, blocked_at: at(5), blocked_by: 'ada', block_reason: 'Spam' },
  })
  const fresh = { type: 'user', id: 'fresh', username: 'F' }
  await importAll(
    db,
    fresh,
    block('m7'),
    block('fresh'),
    said('ada', 'm7', 1),
    said('ada', 'm8', 1),
    said('ada', 'fresh', 1),
  )
  const total = async () =>
    (await snug.call('GET', '/api/v1/communities/c/messages/conversations', { as: 'ada' })).body.total
  const before = await total()
  await importAll(db, block('m8'), said('m8', 'ada', 2))
  assert.equal(await total(), before - 1)
  for (const user of ['m7', 'm8', 'fresh']) {
    assert.equal(await listed('ada', user), undefined)
    const { status } = await snug.call('GET', `/api/v1/communities/c/messages/${user}`, { as: 'ada' })
    assert.equal(status, 403)
  }
  const { body } = await snug.call('GET', '/api/v1/communities/c/members/m8', { as: 'ada' })
  assert.deepEqual(body.metadata, {
    blocked: true,
    blocked_at: '2024-12-01T00:00:05Z',
    blocked_by: 'ada',
    block_reason: 'Spam',
    unblocked_at: null,
    unblocked_by: null,
  })
  await snug.call('POST', '/service/v1/communities/c/members/m8/unblock', { service: true })
  assert.equal(await total(), before)
  assert.deepEqual(await thread('ada', 'm8'), ['ada at 1', 'm8 at 2'])
  await importAll(db, block('m8'))
  assert.equal(await total(), before, 'what was decided here since stays')
})

test('somebody erased does not come back by an old file, nor do their words', async () => {
  const file = [
    { type: 'user', id: 'm9', username: 'Robin', email: 'robin@example.com' },
    { type: 'member', community_id: 'c', user_id: 'm9', status: 'active', tier: { name: 'Gold' } },
    said('m9', 'ada', 1),
    said('ada', 'm9', 2),
  ]
  await importAll(db, ...file)
  await snug.call('DELETE', '/service/v1/users/m9', { service: true })
  const before = await exportAll(db)
  const { imported, errors } = await importAll(db, ...file)
  assert.deepEqual(errors, [{ line: 1, message: 'User has been erased' }])
  assert.deepEqual(Object.values(imported), [0, 0, 0, 0, 0, 0])
  assert.equal(await exportAll(db), before)
  await importAll(db, said('m9', 'ada', 3), said('m9', 'ada', 4, { content: '' }), said('ada', 'm9', 5))
  assert.deepEqual(await thread('ada', 'm9'), ['', 'ada at 2', '', '', 'ada at 5'])
})

test('a message that was deleted here does not come back when its file is imported again', async () => {
  const file = [said('ada', 'm16', 1), said('m16', 'ada', 2)]
  await importAll(db, ...file)
  const { body } = await snug.call('GET', '/api/v1/communities/c/messages/ada', { as: 'm16' })
  const gone = await snug.call('DELETE', `/api/v1/communities/c/messages/${body.data[1].id}`, { as: 'm16' })
  assert.equal(gone.status, 200)
  assert.equal((await importAll(db, ...file)).imported.messages, 0)
  assert.deepEqual(await thread('ada', 'm16'), ['ada at 1'])
  assert.equal(await listed('ada', 'm16'), undefined, 'still off the list')
})

test('a list that was asked for before shows what was imported since', async () => {
  await importAll(db, said('ada', 'm10', 1))
  assert.equal((await listed('m10', 'ada')).user.username, 'name of ada')
  await importAll(db, said('ada', 'm10', 2))
  assert.equal((await listed('m10', 'ada')).latest_message.content, 'ada at 2')
  await importAll(db, { type: 'user', id: 'ada', username: 'another name' })
  assert.equal((await listed('m10', 'ada')).user.username, 'another name')
  assert.equal((await listed('ada', 'm10')).can_send, true)
  await importAll(db, { type: 'member', community_id: 'c', user_id: 'm10', status: 'unpaid' })
  assert.equal((await listed('ada', 'm10')).can_send, false)
})

test('fields that are left out stay, null clears, and only what changes is counted', async () => {
  const whole = {
    type: 'user',
    id: 'm11',
    username: 'M',
    name: 'N',
    email: 'm@example.com',
    settings: { 'messages.push': false },
  }
  await importAll(db, whole)
  assert.equal((await importAll(db, { type: 'user', id: 'm11', username: 'M' })).imported.users, 0)
  const changes = [
    { type: 'user', id: 'm11', username: 'M', email: null },
    { type: 'user', id: 'm11', username: 'M2', settings: { 'messages.email': false } },
  ]
  assert.equal((await importAll(db, ...changes)).imported.users, 2, 'twice in one file, one after the other')
  const text = await exportAll(db, 'c')
  const line = text.split('\n').find((one) => one.includes('"id":"m11"')) as string
  assert.deepEqual(JSON.parse(line), {
    type: 'user',
    id: 'm11',
    username: 'M2',
    name: 'N',
    email: null,
    avatar_url: null,
    time_zone: null,
    settings: { 'messages.push': false, 'messages.email': false },
  })
  const member = {
    type: 'member',
    community_id: 'c',
    user_id: 'm11',
    status: 'active',
    joined_at: at(1),
    tier: { name: 'Gold' },
  }
  assert.equal((await importAll(db, member, member)).imported.members, 1)
  assert.equal(
    (await importAll(db, { ...member, joined_at: undefined, tier: undefined })).imported.members,
    0,
  )
  assert.equal((await importAll(db, { ...member, tier: null })).imported.members, 1)
})

test('a community changes hands by a line, and its past stays readable', async () => {
  const line = { type: 'community', id: 'd', name: 'D', creator_id: 'ada' }
  await importAll(db, line, {
    type: 'member',
    community_id: 'd',
    user_id: 'm12',
    status: 'active',
    metadata: { blocked: true },
  })
  await importAll(db, message('ada', 'm12', 'of before', { community_id: 'd' }))
  const { imported } = await importAll(
    db,
    { ...line, name: 'D2', creator_id: 'm12' },
    { ...line, name: 'D2', creator_id: 'm12', past_creator_ids: ['m13'] },
  )
  assert.equal(imported.communities, 2)
  const { body } = await snug.call('GET', '/api/v1/communities/d/messages/m12', { as: 'ada' })
  assert.equal(body.data[0].content, 'of before', 'the new creator is blocked no more')
  assert.match(await exportAll(db, 'd'), /"creator_id":"m12","past_creator_ids":\["m13","ada"\]/)
  const { errors } = await importAll(
    db,
    message('m13', 'm12', 'x', { community_id: 'd' }),
    message('m13', 'ada', 'x', { community_id: 'd' }),
  )
  assert.deepEqual(errors, [], 'creators of before and of now may have written to each other')
})

test('a membership keeps the id that it came with, and no two have one', async () => {
  const id = '01a203e0-09e9-727d-8a69-7cce79def710'
  const member = (user_id: string) => ({ type: 'member', community_id: 'c', user_id, status: 'active', id })
  const users = ['n1', 'n2'].map((one) => ({ type: 'user', id: one, username: one }))
  const { errors } = await importAll(db, ...users, member('n1'), member('n2'), member('m14'))
  assert.deepEqual(
    errors,
    [4, 5].map((line) => ({ line, message: 'Id is taken' })),
  )
  assert.equal(
    (await snug.call('GET', `/api/v1/communities/c/members/${id}`, { as: 'ada' })).body.user.id,
    'n1',
  )
})

test('a conversation longer than a batch reads on where the one before ended', async () => {
  const lines = Array.from({ length: 2_500 }, (_, i) =>
    said(i % 2 ? 'm15' : 'ada', i % 2 ? 'ada' : 'm15', i, i > 2_400 ? { read: false } : {}),
  )
  assert.deepEqual((await importAll(db, ...lines)).imported, {
    users: 0,
    communities: 0,
    members: 0,
    conversations: 1,
    messages: 2_500,
    idempotency_keys: 0,
  })
  assert.equal(await unread('ada', 'm15'), 1)
  assert.equal(await unread('m15', 'ada'), 0)
})
