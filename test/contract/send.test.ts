import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, personOf, told, UUID_V7 } from './client.ts'

// POST …/messages: each row of CONTRACT §3's table, in its exact words.

const snug = await newContract()
await snug.users('ada', 'bob', 'eve')
await snug.community('c', 'ada')
await snug.member('c', 'bob')

const path = messagesPath('c')
const send = (body: unknown, headers = {}) => snug.ask('POST', path, { as: 'ada', body, headers })
const total = async () => (await snug.thread('ada', 'c', 'bob')).body.total

const BLANK = "Content can't be blank"
const LONG = 'Content is too long (maximum is 5000 characters)'
const INVALID = 'Content is invalid'
const NOBODY = "Recipient can't be blank"

test('a message is answered 201 as it is read afterwards', async () => {
  const before = Date.now()
  const { status, body, headers } = await send({ recipient_id: 'bob', content: 'Hello! How can I help?' })
  assert.equal(status, 201)
  assert.deepEqual(Object.keys(body), ['id', 'content', 'created_at', 'updated_at', 'sender', 'recipient'])
  assert.match(body.id, UUID_V7)
  const { content, sender, recipient } = body
  const people = { sender: personOf('ada'), recipient: personOf('bob') }
  assert.deepEqual({ content, sender, recipient }, { content: 'Hello! How can I help?', ...people })
  assert.equal(body.updated_at, body.created_at)
  const at = Date.parse(body.created_at)
  assert.ok(at >= before - 1_000 && at <= Date.now(), 'created_at is now, in whole seconds')
  assert.equal(headers['idempotent-replayed'], undefined)
  for (const [reader, other] of [
    ['ada', 'bob'],
    ['bob', 'ada'],
  ] as const) {
    const thread = await snug.thread(reader, 'c', other)
    assert.deepEqual(thread.body, { total: 1, has_more: false, data: [body] })
  }
})

const spaces = ' \t\n\v\f\r\u0085\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff'

const FAULTS: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['content missing', { recipient_id: 'bob' }, [BLANK]],
  ['content null', { recipient_id: 'bob', content: null }, [BLANK]],
  ['content empty', { recipient_id: 'bob', content: '' }, [BLANK]],
  ['content of white space', { recipient_id: 'bob', content: spaces }, [BLANK]],
  ['content of 5,001 characters', { recipient_id: 'bob', content: 'x'.repeat(5_001) }, [LONG]],
  ['content of 5,001 emoji', { recipient_id: 'bob', content: '😀'.repeat(5_001) }, [LONG]],
  ['content a number', { recipient_id: 'bob', content: 5 }, [INVALID]],
  ['content a boolean', { recipient_id: 'bob', content: false }, [INVALID]],
  ['content a list', { recipient_id: 'bob', content: ['x'] }, [INVALID]],
  ['content an object', { recipient_id: 'bob', content: { text: 'x' } }, [INVALID]],
  ['content with U+0000', { recipient_id: 'bob', content: 'a\u0000b' }, [INVALID]],
  ['content of U+0000 alone', { recipient_id: 'bob', content: '\u0000' }, [INVALID]],
  ['half a surrogate pair, the first', { recipient_id: 'bob', content: 'a\ud800' }, [INVALID]],
  ['half a surrogate pair, the second', { recipient_id: 'bob', content: '\udc00a' }, [INVALID]],
  ['a surrogate pair the wrong way round', { recipient_id: 'bob', content: '\udc00\ud800' }, [INVALID]],
  ['recipient missing', { content: 'x' }, [NOBODY]],
  ['recipient null', { recipient_id: null, content: 'x' }, [NOBODY]],
  ['recipient a number', { recipient_id: 5, content: 'x' }, [NOBODY]],
  ['recipient a list', { recipient_id: ['bob'], content: 'x' }, [NOBODY]],
  ['recipient an object', { recipient_id: { id: 'bob' }, content: 'x' }, [NOBODY]],
  ['nothing at all', {}, [NOBODY, BLANK]],
  ['the recipient of a wrong type and no content', { recipient_id: 5 }, [NOBODY, BLANK]],
  ['no recipient and content of a wrong type', { content: 5 }, [NOBODY, INVALID]],
  ['both of a wrong type, the other way round', { content: [], recipient_id: [] }, [NOBODY, INVALID]],
  ['both null', { content: null, recipient_id: null }, [NOBODY, BLANK]],
  ['JSON that is no object: a list', [{ recipient_id: 'bob', content: 'x' }], [NOBODY, BLANK]],
  ['JSON that is no object: a text', 'hello', [NOBODY, BLANK]],
  ['JSON that is no object: a number', 0, [NOBODY, BLANK]],
  ['JSON that is no object: null', null, [NOBODY, BLANK]],
  ['fields of the prototype', { __proto__: null, toString: 'bob', constructor: 'x' }, [NOBODY, BLANK]],
]

for (const [name, body, message] of FAULTS) {
  test(`422: ${name}`, async () => {
    const had = await total()
    assert.deepEqual(told(await send(body)), { status: 422, body: { message } })
    assert.equal(await total(), had, 'nothing was left behind')
  })
}

test('several faults of one field are all told, and those of the header after the fields', async () => {
  const both = await send({ recipient_id: 'bob', content: ' '.repeat(5_001) })
  assert.deepEqual([...both.body.message].sort(), [BLANK, LONG])
  const three = await send({ recipient_id: 'bob', content: `${'x'.repeat(5_001)}\u0000` })
  assert.deepEqual([...three.body.message].sort(), [INVALID, LONG])
  const key = 'Idempotency-Key must be 1 to 255 visible ASCII characters'
  const all = await send({}, { 'idempotency-key': 'no spaces' })
  assert.deepEqual(told(all), { status: 422, body: { message: [NOBODY, BLANK, key] } })
})

test('validation comes before permission, an unknown community before both, the caller before all', async () => {
  const bad = { recipient_id: 'bob', content: '' }
  const ask = (as: string, community: string, body: unknown) =>
    snug.ask('POST', messagesPath(community), { as, body }).then(told)
  const faults = { status: 422, body: { message: [BLANK] } }
  assert.deepEqual(await ask('eve', 'c', bad), faults)
  assert.deepEqual(await ask('eve', 'c', { ...bad, content: 'x' }), {
    status: 403,
    body: { message: ['You cannot send messages to this user'] },
  })
  assert.deepEqual(await ask('eve', 'nowhere', bad), { status: 404, body: { message: 'Not Found' } })
  assert.deepEqual(await ask('nobody', 'nowhere', bad), { status: 401, body: { message: 'Unknown User' } })
})

test('unknown fields of the request are ignored', async () => {
  const body = {
    recipient_id: 'bob',
    content: 'plain',
    id: 'mine',
    sender_id: 'bob',
    created_at: '1999',
    x: [{}],
  }
  const sent = await send(body)
  assert.equal(sent.status, 201)
  assert.equal(sent.body.sender.id, 'ada')
  assert.match(sent.body.id, UUID_V7)
  assert.notEqual(sent.body.created_at.slice(0, 4), '1999')
})

test('the content type does not matter: curl sends a form’s by default', async () => {
  const raw = JSON.stringify({ recipient_id: 'bob', content: 'typed' })
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain; charset=utf-16',
    'APPLICATION/JSON',
    'x',
  ]
  for (const type of [...types, '', 'multipart/form-data; boundary=x', ';;;', 'application/json; charset']) {
    const { status } = await snug.ask('POST', path, { as: 'ada', raw, headers: { 'content-type': type } })
    assert.equal(status, 201, type)
  }
})

test('the conversation comes into being with its first message, under one id for both', async () => {
  await snug.users('fay')
  await snug.member('c', 'fay')
  const listed = async (as: string, other: string) =>
    (await snug.list(as, 'c')).body.data.filter((one: { user: { id: string } }) => one.user.id === other)
  assert.deepEqual(await listed('fay', 'ada'), [])
  assert.deepEqual((await snug.thread('fay', 'c', 'ada')).body, { total: 0, has_more: false, data: [] })
  await snug.send('c', 'fay', 'ada', 'first')
  const [mine] = await listed('fay', 'ada')
  const [theirs] = await listed('ada', 'fay')
  assert.match(mine.id, UUID_V7)
  assert.equal(theirs.id, mine.id)
  await snug.send('c', 'ada', 'fay', 'second')
  assert.equal((await listed('ada', 'fay'))[0].id, mine.id, 'it never changes')
})

test('ids grow with the order of the messages', async () => {
  const ids: string[] = []
  for (let i = 0; i < 20; i++) {
    const [from, to] = i % 3 === 0 ? ['bob', 'ada'] : ['ada', 'bob']
    ids.push((await snug.send('c', from as string, to as string, `${i}`)).id)
  }
  assert.deepEqual(ids, [...ids].sort())
})
