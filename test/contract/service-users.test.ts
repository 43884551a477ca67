import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContract, personOf, told } from './client.ts'

// PUT /service/v1/users/:id (CONTRACT §7). What DELETE does is in erasure.test.ts.

const snug = await newContract()
const put = (id: string, body: unknown) => snug.ask('PUT', `/service/v1/users/${id}`, { service: true, body })
const refused = (...message: string[]) => ({ status: 422, body: { message } })
const ON = { 'messages.email': true, 'messages.push': true }

test('201 for a new user, 200 for one that is known', async () => {
  const bare = {
    id: 'u1',
    username: 'one',
    name: null,
    email: null,
    avatar_url: null,
    time_zone: null,
    settings: ON,
  }
  assert.deepEqual(told(await put('u1', { username: 'one' })), { status: 201, body: bare })
  assert.deepEqual(told(await put('u1', { username: 'one' })), { status: 200, body: bare })
  assert.deepEqual(told(await put('u1', { username: 'uno' })), {
    status: 200,
    body: { ...bare, username: 'uno' },
  })
  const full = {
    ...{
      username: 'two',
      name: 'Two Too',
      email: 'two@example.com',
      avatar_url: 'https://example.com/2.png',
    },
    ...{
      time_zone: 'America/Argentina/Buenos_Aires',
      settings: { 'messages.email': false, 'messages.push': false },
    },
  }
  assert.deepEqual(told(await put('u2', full)), { status: 201, body: { id: 'u2', ...full } })
})

test('fields that are left out stay as they are, null clears one', async () => {
  const full = {
    ...{ username: 'three', name: 'Three', email: '3@example.com', avatar_url: 'http://example.com/3' },
    ...{ time_zone: 'UTC', settings: { 'messages.email': false, 'messages.push': true } },
  }
  let now = { id: 'u3', ...full }
  await put('u3', full)
  const change = async (body: object) => {
    now = { ...now, ...body, settings: { ...now.settings, ...(body as { settings?: object }).settings } }
    assert.deepEqual(told(await put('u3', { username: now.username, ...body })), { status: 200, body: now })
  }
  await change({})
  await change({ username: 'third' })
  await change({ email: null })
  await change({ name: null })
  await change({ name: 'Back' })
  await change({ avatar_url: null, time_zone: null })
  await change({ settings: {} })
  await change({ settings: { 'messages.push': false } })
  await change({ settings: { 'messages.email': true } })
  // A refused change changes nothing.
  assert.equal((await put('u3', { username: 'x', email: 'none' })).status, 422)
  await change({})
})

test('unknown fields and settings are ignored', async () => {
  const body = {
    username: 'four',
    id: 'other',
    erased_at: '2024-01-01',
    settings: { theme: 'dark', 'messages.push': false },
  }
  const answer = await put('u4', body)
  assert.equal(answer.status, 201)
  assert.deepEqual(answer.body.settings, { 'messages.email': true, 'messages.push': false })
  assert.equal(answer.body.id, 'u4')
})

test('ids are the host’s own: 1 to 64 of A-Z a-z 0-9 . _ ~ -', async () => {
  for (const id of [
    'a',
    'Z',
    '0',
    '-',
    '_',
    '~',
    '.a',
    'x'.repeat(64),
    'A-Za-z0-9._~-',
    'Conversations',
    'conversations.',
  ]) {
    const { status, body } = await put(id, { username: 'x' })
    assert.deepEqual([status, body.id], [201, id])
  }
  // Ids differ by case.
  await put('Case', { username: 'upper' })
  assert.equal((await put('case', { username: 'lower' })).status, 201)
  const words = 'Id must be 1 to 64 of A-Z a-z 0-9 . _ ~ -'
  for (const id of [
    'x'.repeat(65),
    'a%20b',
    'a%2Fb',
    'a@b',
    'a:b',
    '%C3%A9',
    'a%00',
    'a%0A',
    '%F0%9F%98%80',
    "a'b",
    'a+b',
    'a%25',
  ])
    assert.deepEqual(told(await put(id, { username: 'x' })), refused(words), id)
  assert.deepEqual(told(await put('conversations', { username: 'x' })), refused('Id is reserved'))
  assert.deepEqual(told(await put('a%20b', {})), refused(words, "Username can't be blank"))
})

const long = (max: number) => `is too long (maximum is ${max} characters)`
const URL_FAULT = 'must be an http or https URL'
const ZONE_FAULT = 'must be an IANA name such as Europe/Lisbon'

/** What each field refuses, and in which words. */
const FAULTS: readonly (readonly [
  field: string,
  label: string,
  fault: string,
  values: readonly unknown[],
])[] = [
  ['username', 'Username', "can't be blank", ['', ' ', '\n\u3000\ufeff', null, undefined]],
  ['username', 'Username', long(255), ['x'.repeat(256), '😀'.repeat(256)]],
  ['username', 'Username', 'is invalid', [5, true, ['x'], {}, 'a\u0000', '\ud800']],
  ['name', 'Name', long(255), ['x'.repeat(256)]],
  ['name', 'Name', 'is invalid', [5, ['x'], {}, 'a\u0000', '\udfff']],
  [
    ...(['email', 'Email', 'is invalid'] as const),
    [
      '',
      'x',
      '@',
      'a@',
      '@b',
      'a@b@c',
      'a b@c',
      'a@b c',
      'a@b\r\nBcc: x@y',
      'a@b,c@d',
      '<a@b>',
      'a\u0000@b',
      5,
      ['a@b'],
    ],
  ],
  ['email', 'Email', long(320), [`${'x'.repeat(310)}@example.com`]],
  [
    ...(['avatar_url', 'Avatar url', URL_FAULT] as const),
    [
      '',
      'x',
      '/a.png',
      '//example.com/a',
      'ftp://example.com/a',
      'javascript:alert(1)',
      'data:image/png,x',
      'http://',
      'https://a b/',
      'https://example.com/"x"',
      'https://example.com/\u0000',
    ],
  ],
  ['avatar_url', 'Avatar url', long(2_048), [`https://example.com/${'x'.repeat(2_048)}`]],
  ['avatar_url', 'Avatar url', 'is invalid', [5, {}]],
  [
    ...(['time_zone', 'Time zone', ZONE_FAULT] as const),
    [
      '',
      'Mars/Base',
      '+01:00',
      '-0300',
      'Europe',
      '../etc/passwd',
      'Europe/Lisbon\u0000',
      'Europe/Lisbon ',
      '1',
    ],
  ],
  ['time_zone', 'Time zone', 'is invalid', [5, ['UTC']]],
  ['settings', 'Settings', 'is invalid', [5, 'x', [], true]],
  ['settings', 'Settings', "can't be blank", [null]],
]

for (const [field, label, fault, values] of FAULTS) {
  test(`422: ${label} ${fault}`, async () => {
    for (const value of values) {
      const body = { username: 'fine', [field]: value }
      assert.deepEqual(
        told(await put('never-made', body)),
        refused(`${label} ${fault}`),
        JSON.stringify(value),
      )
    }
  })
}

test('422: settings that are no booleans', async () => {
  for (const key of ['messages.email', 'messages.push'])
    for (const value of ['true', 'false', 0, 1, 'yes', [], {}])
      assert.deepEqual(
        told(await put('never-made', { username: 'x', settings: { [key]: value } })),
        refused(`Settings ${key} is invalid`),
      )
})

test('422: every fault at once, in the order of the fields', async () => {
  const settings = { 'messages.push': 1, 'messages.email': 1 }
  const body = { settings, time_zone: 'x', avatar_url: 'x', email: 'x', name: 5 }
  const fields = ['Name is invalid', 'Email is invalid', `Avatar url ${URL_FAULT}`, `Time zone ${ZONE_FAULT}`]
  const switches = ['Settings messages.email is invalid', 'Settings messages.push is invalid']
  assert.deepEqual(
    told(await put('never-made', body)),
    refused("Username can't be blank", ...fields, ...switches),
  )
  assert.deepEqual(told(await put('never-made', {})), refused("Username can't be blank"))
})

test('none of the refused was made', async () => {
  const gone = await snug.ask('DELETE', '/service/v1/users/never-made', { service: true })
  assert.equal(gone.status, 404)
})

test('what is accepted is kept to the byte', async () => {
  const fields: Record<string, readonly string[]> = {
    username: [' padded ', '👨‍👩‍👧‍👦', 'x'.repeat(255), '😀'.repeat(255), 'e\u0301', `"'\\<>&%_`],
    name: ['', ' ', 'Ὦ ξεῖν’'],
    email: ['a@b', 'A.B+c_d%e@sub.example.com', 'ü@exämple.com', `${'x'.repeat(308)}@example.com`],
    avatar_url: ['http://a', 'HTTPS://EXAMPLE.com/%20?x=1#y', 'https://example.com/ü.jpg'],
    time_zone: ['UTC', 'Asia/Kathmandu', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'],
  }
  for (const [field, values] of Object.entries(fields)) {
    for (const value of values) {
      const answer = await put('kept', { username: 'kept', [field]: value })
      assert.equal(answer.body[field], value, JSON.stringify(value))
    }
  }
})

test('a change is seen at once by those who see the user', async () => {
  await snug.users('ada', 'bob')
  await snug.community('c', 'ada')
  await snug.member('c', 'bob')
  await snug.send('c', 'bob', 'ada', 'hello')
  const seen = async () => {
    const [conversation] = (await snug.list('ada', 'c')).body.data
    const [message] = (await snug.thread('ada', 'c', 'bob')).body.data
    return [conversation.user, conversation.latest_message.sender, message.sender]
  }
  assert.deepEqual(await seen(), [personOf('bob'), personOf('bob'), personOf('bob')])
  const changed = { id: 'bob', username: 'robert', avatar_url: 'https://example.com/r.png' }
  await put('bob', { username: 'robert', avatar_url: changed.avatar_url })
  assert.deepEqual(await seen(), [changed, changed, changed])
  await put('bob', { username: 'robert', avatar_url: null })
  assert.deepEqual((await seen())[0], { ...changed, avatar_url: null })
})

test('many at once for one new user: one makes it', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => put('crowd', { username: `n${i}` })))
  assert.deepEqual(answers.map((one) => one.status).sort(), [...Array(11).fill(200), 201])
})

test('an address that its server refused is tried again when it changes, and only then', async () => {
  const client = await snug.snug.db.dedicated('snug test')
  const refusedEmail = async () =>
    (await client.query(`select refused_email from users where id = 'u-refused'`)).rows[0].refused_email
  try {
    await put('u-refused', { username: 'r', email: 'r@example.com' })
    await client.query(`update users set refused_email = email where id = 'u-refused'`)
    for (const body of [{}, { email: 'r@example.com', name: 'R' }]) {
      await put('u-refused', { username: 'r', ...body })
      assert.equal(await refusedEmail(), 'r@example.com')
    }
    for (const email of ['other@example.com', null]) {
      await client.query(`update users set refused_email = 'r@example.com' where id = 'u-refused'`)
      await put('u-refused', { username: 'r', email })
      assert.equal(await refusedEmail(), null)
    }
  } finally {
    await client.end()
  }
})
