import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importLines } from '../../src/actions/import.ts'
import { newSnug } from '../kit.ts'
import { chunksOf, everything, exportAll } from './kit.ts'
import { populate, USERS } from './world.ts'

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
