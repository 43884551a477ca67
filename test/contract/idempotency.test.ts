import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, told } from './client.ts'

// Idempotency-Key: CONTRACT §3.

const snug = await newContract()
await snug.users('ada', 'bob', 'fay')
for (const community of ['c', 'd']) {
  await snug.community(community, 'ada')
  await snug.member(community, 'bob')
  await snug.member(community, 'fay')
}

const send = (as: string, key: string, to: string, content: string, community = 'c', server = snug) => {
  const headers = { 'idempotency-key': key }
  return server.ask('POST', messagesPath(community), { as, headers, body: { recipient_id: to, content } })
}
const total = async (community = 'c', other = 'bob') =>
  (await snug.thread('ada', community, other)).body.total
const USED = { status: 409, body: { message: ['Idempotency-Key was used for another message'] } }
const DELETED = { status: 409, body: { message: ['The message was sent and then deleted'] } }

test('the same send again answers 201 with the first message, and stores nothing', async () => {
  const first = await send('ada', 'again', 'bob', 'once')
  assert.equal(first.status, 201)
  assert.equal(first.headers['idempotent-replayed'], undefined)
  await snug.send('c', 'bob', 'ada', 'in between')
  const had = await total()
  const unread = async () => (await snug.list('ada', 'c')).body.data[0].unread_count
  assert.equal(await unread(), 1)
  for (let i = 0; i < 3; i++) {
    const again = await send('ada', 'again', 'bob', 'once')
    assert.equal(again.status, 201)
    assert.equal(again.headers['idempotent-replayed'], 'true')
    assert.equal(again.text, first.text)
  }
  assert.equal(await total(), had)
  assert.equal(await unread(), 1, 'a replay is no new message, so it marks nothing read')
})

test('without a key every send is a new message', async () => {
  const had = await total()
  const [a, b] = [await snug.send('c', 'ada', 'bob', 'same'), await snug.send('c', 'ada', 'bob', 'same')]
  assert.notEqual(a.id, b.id)
  assert.equal(await total(), had + 2)
})

test('other content or another recipient under the key: 409', async () => {
  await send('ada', 'other', 'bob', 'this')
  const had = await total()
  for (const content of ['that', 'this ', 'This', 'this\u0301'])
    assert.deepEqual(told(await send('ada', 'other', 'bob', content)), USED, content)
  for (const to of ['fay', 'ada', 'nobody', 'no id'])
    assert.deepEqual(told(await send('ada', 'other', to, 'this')), USED, to)
  assert.equal(await total(), had)
  assert.equal(await total('c', 'fay'), 0)
})

test('content that is the same only when normalized is another', async () => {
  assert.equal((await send('ada', 'forms', 'bob', 'é'.normalize('NFC'))).status, 201)
  assert.deepEqual(told(await send('ada', 'forms', 'bob', 'é'.normalize('NFD'))), USED)
})

test('when the message has since been deleted: 409, for good', async () => {
  const { body } = await send('ada', 'deleted', 'bob', 'gone')
  const deleted = await snug.ask('DELETE', `${messagesPath('c')}/${body.id}`, { as: 'ada' })
  assert.equal(deleted.status, 200)
  const had = await total()
  assert.deepEqual(told(await send('ada', 'deleted', 'bob', 'gone')), DELETED)
  assert.deepEqual(told(await send('ada', 'deleted', 'bob', 'gone')), DELETED)
  assert.equal(await total(), had)
})

test('a key is the caller’s and the community’s own', async () => {
  const [a, b, c] = [
    await send('ada', 'scope', 'bob', 'hello'),
    await send('bob', 'scope', 'ada', 'hello'),
    await send('ada', 'scope', 'bob', 'hello', 'd'),
  ]
  const sent = [a, b, c].map((one) => one.body.id)
  assert.equal(new Set(sent).size, 3)
  for (const one of [a, b, c]) {
    assert.equal(one.status, 201)
    assert.equal(one.headers['idempotent-replayed'], undefined)
  }
  assert.equal((await send('ada', 'scope', 'bob', 'hello', 'd')).body.id, c?.body.id)
})

test('keys are compared to the letter, and are not trimmed or folded', async () => {
  const ids = new Set<string>()
  for (const key of ['Key', 'key', 'KEY', 'key.', 'k%65y', "'key'", '"key"', '\\key'])
    ids.add((await send('ada', key, 'bob', 'k')).body.id)
  assert.equal(ids.size, 8)
})

test('a key is 1 to 255 visible ASCII characters', async () => {
  const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')
  for (const key of ['x', 'k'.repeat(255), visible])
    assert.equal((await send('ada', key, 'bob', 'k')).status, 201, key)
  const had = await total()
  for (const key of ['', 'k'.repeat(256), 'a b', 'tab\there', 'naïve', '\u00e9', 'a, b', '\u007f']) {
    const expected = {
      status: 422,
      body: { message: ['Idempotency-Key must be 1 to 255 visible ASCII characters'] },
    }
    assert.deepEqual(told(await send('ada', key, 'bob', 'k')), expected, JSON.stringify(key))
  }
  assert.equal(await total(), had)
})

test('a refused send does not use the key up', async () => {
  await snug.users('gus')
  await snug.member('c', 'gus', 'canceled')
  assert.equal((await send('gus', 'later', 'ada', 'let me in')).status, 403)
  assert.equal((await send('gus', 'later', 'ada', '')).status, 422)
  await snug.member('c', 'gus', 'active')
  const sent = await send('gus', 'later', 'ada', 'now')
  assert.equal(sent.status, 201)
  assert.equal(sent.headers['idempotent-replayed'], undefined)
})

test('a retry is answered as it was, also when the membership has ended meanwhile', async () => {
  const first = await send('gus', 'ended', 'ada', 'last words')
  await snug.member('c', 'gus', 'canceled')
  const again = await send('gus', 'ended', 'ada', 'last words')
  assert.equal(again.text, first.text)
  assert.equal(again.headers['idempotent-replayed'], 'true')
})

test('many at once with one key are one message', async () => {
  const had = await total()
  const answers = await Promise.all(Array.from({ length: 40 }, () => send('ada', 'storm', 'bob', 'one')))
  assert.deepEqual([...new Set(answers.map((one) => one.text))].length, 1)
  assert.ok(answers.every((one) => one.status === 201))
  assert.equal(answers.filter((one) => one.headers['idempotent-replayed'] === undefined).length, 1)
  assert.equal(await total(), had + 1)
})

test('many at once with one key and different contents: one is stored, the others are told', async () => {
  const had = await total()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => send('ada', 'race', 'bob', `number ${i}`)),
  )
  assert.equal(answers.filter((one) => one.status === 201).length, 1)
  for (const one of answers) if (one.status !== 201) assert.deepEqual(told(one), USED)
  assert.equal(await total(), had + 1)
})

test('the same at two servers on one database', async () => {
  const second = await newContract(snug.snug.databaseUrl)
  const had = await total()
  for (let round = 0; round < 10; round++) {
    const key = `two-${round}`
    const answers = await Promise.all(
      [snug, second, snug, second].map((server) => send('ada', key, 'bob', key, 'c', server)),
    )
    assert.deepEqual(new Set(answers.map((one) => one.text)).size, 1)
    assert.equal(answers.filter((one) => one.headers['idempotent-replayed'] === undefined).length, 1)
  }
  assert.equal(await total(), had + 10)
  assert.equal(
    (await send('ada', 'again', 'bob', 'once', 'c', second)).headers['idempotent-replayed'],
    'true',
  )
})
