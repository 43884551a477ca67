import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importLines } from '../../src/actions/import.ts'
import { newSnug, type TestSnug } from '../kit.ts'
import { chunksOf, everything, exportAll } from './kit.ts'

const USERS = ['ada', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus', 'hal', 'ivy', 'jo', 'kay']
const COMMUNITIES = ['one', 'two']

const source = await newSnug()
await populate(source)
const text = await exportAll(source.db)
const copy = await newSnug()

test('an export, imported into an empty Snug, answers every GET the same', async () => {
  const answer = await importLines(copy.db, chunksOf(text))
  assert.deepEqual(answer.errors, [])
  assert.equal(answer.refused, 0)
  assert.equal(answer.imported.users, USERS.length + 1)
  assert.equal(answer.imported.communities, 2)
  assert.deepEqual(await everything(copy, USERS, COMMUNITIES), await everything(source, USERS, COMMUNITIES))
})

test('the copy exports the same text', async () => {
  assert.equal(await exportAll(copy.db), text)
})

test('importing again changes nothing, there and at the source', async () => {
  const zeros = { users: 0, communities: 0, members: 0, conversations: 0, messages: 0, idempotency_keys: 0 }
  for (const snug of [copy, source]) {
    assert.deepEqual(await importLines(snug.db, chunksOf(text)), { imported: zeros, refused: 0, errors: [] })
    assert.equal(await exportAll(snug.db), text)
  }
})

test('a retry is safe after the move', async () => {
  const body = { recipient_id: 'ada', content: 'with a key' }
  const path = '/api/v1/communities/one/messages'
  const kept = await copy.call('POST', path, { as: 'bob', body, headers: { 'idempotency-key': 'k1' } })
  assert.equal(kept.status, 201)
  assert.equal(kept.headers['idempotent-replayed'], 'true')
  const deleted = { recipient_id: 'ada', content: 'with a key, deleted' }
  const gone = await copy.call('POST', path, {
    as: 'cy',
    body: deleted,
    headers: { 'idempotency-key': 'k2' },
  })
  assert.equal(gone.status, 409)
})

test('nobody is notified of what is imported', async () => {
  const outbox = { name: 'test.outbox', text: "select kind from outbox where kind = 'message.created'" }
  assert.deepEqual(await copy.db.query(outbox), [])
})

test('one community comes with the people it needs, and no others', async () => {
  const alone = await newSnug()
  const part = await exportAll(source.db, 'two')
  const { errors } = await importLines(alone.db, chunksOf(part))
  assert.deepEqual(errors, [])
  const lines = part
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const told = lines.filter((line) => line.type === 'user').map((line) => line.id)
  assert.deepEqual(told.toSorted(), ['ada', 'bob', 'hal', 'kay'])
  const here = await everything(alone, ['bob', 'hal', 'kay'], ['two'])
  const there = await everything(source, ['bob', 'hal', 'kay'], ['two'])
  for (const key of Object.keys(here))
    if (!key.includes('?per_page=100') || key.includes('/')) assert.deepEqual(here[key], there[key], key)
})

test('the conversations come to life again as they were: unblocked, and sent to after a deletion', async () => {
  for (const snug of [source, copy]) {
    await snug.call('POST', '/service/v1/communities/one/members/eve/unblock', { service: true })
    await snug.send('one', 'cy', 'ada', 'back on the list')
  }
  const [here, there] = await Promise.all(
    [copy, source].map((snug) =>
      snug.call('GET', '/api/v1/communities/one/messages/conversations', { as: 'ada' }),
    ),
  )
  const shape = (answer: typeof here) =>
    answer?.body.data.map((one: { id: string; user: { id: string }; unread_count: number }) => [
      one.id,
      one.user.id,
      one.unread_count,
    ])
  assert.deepEqual(shape(here), shape(there))
  assert.equal(here?.body.total, there?.body.total)
})

/** A world in which everything that can be told apart over HTTP has happened. */
async function populate(snug: TestSnug): Promise<void> {
  const service = async (method: 'PUT' | 'POST' | 'DELETE', path: string, body: object = {}) => {
    const answer = await snug.call(method, `/service/v1/${path}`, { service: true, body })
    assert.ok(answer.status < 300, `${path} ${answer.status}`)
  }
  const as = async (user: string, method: 'POST' | 'DELETE', path: string, body?: object, headers = {}) => {
    const answer = await snug.call(method, `/api/v1/communities/${path}`, { as: user, body, headers })
    assert.ok(answer.status < 300, `${path} ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  // In an order that is not that of the ids, so that keys and ids disagree.
  await snug.users(...USERS.toReversed(), 'never-said-a-word')
  await service('PUT', 'users/bob', {
    username: 'name of bob 🥃',
    name: 'Bob\u2028B',
    email: 'bob@example.com',
    avatar_url: 'https://example.com/b.png',
    time_zone: 'Europe/Lisbon',
    settings: { 'messages.email': false },
  })
  await snug.community('one', 'ada')
  await snug.community('two', 'ada')
  for (const user of USERS.slice(1, 10)) await snug.member('one', user)
  for (const user of ['bob', 'hal']) await snug.member('two', user)
  await service('PUT', 'communities/one/members/bob', {
    status: 'trialing',
    tier: { id: 'gold', name: 'Gold', color: '#d4af37' },
    joined_at: '2020-02-29T12:00:00.5Z',
  })
  for (const user of ['bob', 'cy', 'dee', 'eve', 'fay', 'gus', 'hal', 'ivy', 'jo']) {
    await snug.send('one', 'ada', user, `Hello ${user}\n"quoted" \\ \u2029 👩‍👩‍👧`)
    await snug.send('one', user, 'ada', `Hello ada, from ${user}`)
    await snug.send('one', 'ada', user, 'third')
  }
  await snug.send('two', 'ada', 'bob', 'in two')
  await snug.send('two', 'hal', 'ada', 'in two as well')
  const { data } = await as(
    'bob',
    'POST',
    'one/messages',
    { recipient_id: 'ada', content: 'with a key' },
    { 'idempotency-key': 'k1' },
  ).then(
    async () =>
      (await snug.call('GET', '/api/v1/communities/one/messages/dee?per_page=100', { as: 'ada' })).body,
  )
  await as('dee', 'POST', 'one/messages/ada/read', { message_id: data[2].id })
  // Deleted: with messages below, and all of them.
  const keyed = await as(
    'cy',
    'POST',
    'one/messages',
    { recipient_id: 'ada', content: 'with a key, deleted' },
    { 'idempotency-key': 'k2' },
  )
  await as('cy', 'DELETE', `one/messages/${keyed.id}`)
  for (let i = 3; i > 0; i--) {
    const { body } = await snug.call('GET', '/api/v1/communities/one/messages/jo?per_page=100', { as: 'ada' })
    const top = body.data[i - 1]
    await as(top.sender.id, 'DELETE', `one/messages/${top.id}`)
  }
  // Blocked by the creator, by the host, and unblocked again.
  await as('ada', 'POST', 'one/members/eve/block', { reason: 'Spam' })
  await service('POST', 'communities/one/members/fay/block')
  await service('POST', 'communities/one/members/gus/block', { reason: 'By mistake' })
  await as('ada', 'POST', 'one/members/gus/unblock')
  await snug.member('one', 'fay', 'unpaid')
  // Ended, erased, erased and told of anew.
  await snug.member('one', 'hal', 'past_due')
  await service('DELETE', 'users/ivy')
  await service('DELETE', 'users/gus')
  await service('PUT', 'users/gus', { username: 'name of another gus' })
  // Changed hands, twice.
  await service('PUT', 'communities/two', { name: 'Two', creator_id: 'hal' })
  await snug.send('two', 'hal', 'bob', 'the new one speaks')
  // Off the list, and in its place by a message that is there no more.
  const last = await snug.send('two', 'hal', 'bob', 'a slip')
  await as('hal', 'DELETE', `two/messages/${last.id}`)
  await service('PUT', 'communities/two', { name: 'Two', creator_id: 'kay' })
  // Ties, as a host's times in whole seconds make them: only the keys decide.
  const same = [
    "update messages set created_at = '2024-12-01T10:30:00Z' where community_key = 1",
    "update conversations set active_at = '2024-12-01T10:30:00Z' where community_key = 1",
    "update members set joined_at = '2024-01-01' where user_key <> 10",
  ]
  const client = await snug.db.dedicated('snug test')
  for (const statement of same) await client.query(statement)
  await client.end()
}
