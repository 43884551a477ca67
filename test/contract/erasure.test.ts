import assert from 'node:assert/strict'
import { test } from 'node:test'
import { erasedPerson, membersPath, messagesPath, newContract, personOf, told } from './client.ts'

// DELETE /service/v1/users/:id erases the person (CONTRACT §7): what everybody sees afterwards.

const snug = await newContract()
await snug.users('ada', 'bob')
await snug.user('fay', {
  ...{
    username: 'fay_the_first',
    name: 'Fay Uniquename',
    email: 'fay@example.com',
    time_zone: 'Europe/Lisbon',
  },
  ...{ avatar_url: 'https://example.com/fay.jpg', settings: { 'messages.email': false } },
})
await snug.community('c', 'ada')
await snug.member('c', 'bob')
const gold = { status: 'active', tier: { id: 'gold', name: 'Uniquename’s tier', color: '#d4af37' } }
await snug.ask('PUT', '/service/v1/communities/c/members/fay', { service: true, body: gold })
const key = { 'idempotency-key': 'fays-key' }
const theirs = { recipient_id: 'ada', content: 'Uniquename wrote this' }
await snug.ask('POST', messagesPath('c'), { as: 'fay', body: theirs, headers: key })
await snug.send('c', 'ada', 'fay', 'the answer')
const reason = { reason: 'Uniquename was rude' }
await snug.ask('POST', `${membersPath('c')}/fay/block`, { as: 'ada', body: reason })
await snug.unblock('c', 'fay')
await snug.member('c', 'fay', 'trialing')
await snug.send('c', 'fay', 'ada', 'Uniquename wrote the last word')
// A community of their own, and one that was.
await snug.community('own', 'fay')
await snug.member('own', 'bob')
await snug.send('own', 'bob', 'fay', 'bob wrote to the creator')
await snug.send('own', 'fay', 'bob', 'Uniquename answered as creator')
await snug.community('was', 'fay')
await snug.member('was', 'bob')
await snug.send('was', 'fay', 'bob', 'Uniquename wrote before it changed hands')
await snug.community('was', 'ada')

// Where pushes go, and what services said of sending to them.
const device = { platform: 'fcm', token: 'uniquetoken-of-fay' }
await snug.ask('PUT', '/api/v1/devices/fays-phone', { as: 'fay', body: device })
await run(`update users set refused_email = 'fay@example.com' where id = 'fay'`)
for (const state of ['waiting', 'sent', 'skipped', 'failed'])
  await run(
    `insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, due_at, error, devices)
     select gen_random_uuid(), 'push', 0, 1, 2, key, 1, '${state}', now() + '1 day', 'no mailbox of fay@example.com', '{"fays-phone": {"at": 1}}'
     from users where id = 'fay'`,
  )

async function run(text: string): Promise<void> {
  const client = await snug.snug.db.dedicated('snug test')
  await client.query(text).finally(() => client.end())
}

const before = (await snug.thread('ada', 'c', 'fay')).body
const erase = (id: string) => snug.ask('DELETE', `/service/v1/users/${id}`, { service: true })

test('204 without a body, again as well; 404 for somebody never told of', async () => {
  for (let i = 0; i < 2; i++) assert.deepEqual(told(await erase('fay')), { status: 204, body: '' })
  for (const id of ['nobody', 'no%20id', '%00', 'conversations'])
    assert.deepEqual(told(await erase(id)), { status: 404, body: { message: 'Not Found' } }, id)
})

test('the person cannot call any more', async () => {
  const unknown = { status: 401, body: { message: 'Unknown User' } }
  assert.deepEqual(told(await snug.list('fay', 'c')), unknown)
  assert.deepEqual(told(await snug.ask('GET', '/api/v1/communities', { as: 'fay' })), unknown)
  const again = await snug.ask('POST', messagesPath('c'), { as: 'fay', body: theirs, headers: key })
  assert.deepEqual(told(again), unknown)
  const token = await snug.ask('POST', '/service/v1/tokens', { service: true, body: { user_id: 'fay' } })
  assert.deepEqual(told(token), { status: 422, body: { message: ['User must exist'] } })
})

test('their messages keep their places in the other’s thread, the text removed; the other’s own stay', async () => {
  const { status, body } = await snug.thread('ada', 'c', 'fay')
  assert.equal(status, 200)
  const [ada, fay] = [personOf('ada'), erasedPerson('fay')]
  const ids = before.data.map((one: { id: string }) => one.id)
  const shown = body.data.map((one: { id: string; content: string; sender: object; recipient: object }) => [
    one.id,
    one.content,
    one.sender,
    one.recipient,
  ])
  const expected = [
    [ids[0], '', fay, ada],
    [ids[1], 'the answer', ada, fay],
    [ids[2], '', fay, ada],
  ]
  assert.deepEqual(shown, expected)
  for (const [i, one] of body.data.entries()) {
    assert.equal(one.created_at, before.data[i].created_at)
    assert.ok(one.updated_at >= one.created_at)
  }
})

test('the list shows an erased user, to whom nothing can be sent', async () => {
  const { body } = await snug.list('ada', 'c')
  assert.equal(body.total, 1)
  const [conversation] = body.data
  const { user, latest_message, can_send, cannot_send_reason, unread_count } = conversation
  assert.deepEqual(user, erasedPerson('fay'))
  assert.deepEqual([latest_message.content, latest_message.sender], ['', erasedPerson('fay')])
  assert.deepEqual([can_send, cannot_send_reason, unread_count], [false, 'membership_ended', 1])
  const sent = await snug.ask('POST', messagesPath('c'), {
    as: 'ada',
    body: { recipient_id: 'fay', content: 'x' },
  })
  assert.deepEqual(told(sent), { status: 403, body: { message: ['You cannot send messages to this user'] } })
  const mark = { message_id: latest_message.id }
  const read = await snug.ask('POST', `${messagesPath('c')}/fay/read`, { as: 'ada', body: mark })
  assert.deepEqual(read.body, { unread_count: 0 })
})

test('an erased creator is read on by the members, and was one', async () => {
  for (const [community, texts] of [
    ['own', ['bob wrote to the creator', '']],
    ['was', ['']],
  ] as const) {
    const { body } = await snug.thread('bob', community, 'fay')
    assert.deepEqual(
      body.data.map((one: { content: string }) => one.content),
      texts,
    )
    assert.deepEqual((await snug.list('bob', community)).body.data[0].user, erasedPerson('fay'))
  }
  const { body } = await snug.ask('GET', '/api/v1/communities', { as: 'bob' })
  const own = body.data.find((one: { id: string }) => one.id === 'own')
  assert.deepEqual(own.creator, erasedPerson('fay'))
  const creator = await snug.ask('PUT', '/service/v1/communities/new', {
    ...{ service: true, body: { name: 'New', creator_id: 'fay' } },
  })
  assert.deepEqual(told(creator), { status: 422, body: { message: ['Creator must exist'] } })
})

test('the membership has ended and tells nothing of them; the host gives no other', async () => {
  const { body } = await snug.ask('GET', `${membersPath('c')}/fay`, { as: 'ada' })
  const { status, tier, tier_name, user, metadata } = body
  assert.deepEqual([status, tier, tier_name, metadata.block_reason], ['canceled', null, null, null])
  assert.deepEqual(user, { id: 'fay', name: null, username: 'deleted', email: null, avatar_url: null })
  for (const search of ['fay', 'Uniquename', 'fay@example.com']) {
    const found = await snug.ask('GET', membersPath('c'), { as: 'ada', query: { search } })
    assert.equal(found.body.total, 0, search)
  }
  assert.deepEqual((await snug.list('ada', 'c', { q: 'fay' })).body.data, [])
  const member = await snug.ask('PUT', '/service/v1/communities/c/members/fay', {
    ...{ service: true, body: { status: 'active' } },
  })
  assert.deepEqual(told(member), { status: 404, body: { message: 'Not Found' } })
})

test('nothing of the person is left anywhere in the database', async () => {
  const client = await snug.snug.db.dedicated('snug test')
  try {
    const { rows: tables } = await client.query(
      `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    )
    assert.ok(tables.length >= 6)
    for (const { table_name } of tables) {
      const { rows } = await client.query(`select t::text as row from ${table_name} t`)
      for (const { row } of rows)
        assert.doesNotMatch(
          row,
          /Uniquename|fay_the_first|fay@|fay\.jpg|Lisbon|fays-|uniquetoken/,
          table_name,
        )
    }
    const { rows } = await client.query(
      'select state, error, devices from notifications where community_key = 0 order by state',
    )
    assert.deepEqual(
      rows,
      ['failed', 'sent', 'skipped', 'waiting'].map((state) => ({ state, error: null, devices: null })),
      'what became of each stays',
    )
  } finally {
    await client.end()
  }
})

test('told of again under the old id it is a new person: no texts, no membership that holds, no settings', async () => {
  const again = await snug.ask('PUT', '/service/v1/users/fay', {
    service: true,
    body: { username: 'another' },
  })
  assert.ok([200, 201].includes(again.status))
  const { name, email, avatar_url, time_zone, settings } = again.body
  assert.deepEqual([name, email, avatar_url, time_zone], [null, null, null, null])
  assert.deepEqual(settings, { 'messages.email': true, 'messages.push': true })
  assert.equal((await snug.ask('GET', '/api/v1/communities', { as: 'fay' })).status, 200)
  const { body } = await snug.thread('ada', 'c', 'fay')
  assert.deepEqual(
    body.data.map((one: { content: string }) => one.content),
    ['', 'the answer', ''],
  )
  const sent = await snug.ask('POST', messagesPath('c'), { as: 'fay', body: theirs })
  assert.equal(sent.status, 403, 'the membership stays ended until the host says otherwise')
  await snug.member('c', 'fay', 'active')
  const first = await snug.ask('POST', messagesPath('c'), { as: 'fay', body: theirs, headers: key })
  assert.equal(first.status, 201)
  assert.equal(first.headers['idempotent-replayed'], undefined, 'the old keys have gone as well')
})

test('erasing against sends: what is stored afterwards holds no text of theirs', async () => {
  for (let round = 0; round < 5; round++) {
    const id = `gus-${round}`
    await snug.users(id)
    await snug.member('c', id)
    const sends = Array.from({ length: 30 }, (_, i) =>
      snug.ask('POST', messagesPath('c'), { as: id, body: { recipient_id: 'ada', content: `text ${i}` } }),
    )
    const erased = erase(id)
    const answers = await Promise.all(sends)
    assert.equal((await erased).status, 204)
    for (const one of answers) assert.ok([201, 401].includes(one.status), one.text)
    const { body } = await snug.thread('ada', 'c', id, { per_page: '100' })
    assert.equal(body.total, answers.filter((one) => one.status === 201).length)
    for (const one of body.data) assert.equal(one.content, '')
  }
})
