import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSql } from '../kit.ts'
import { newContract, told } from './client.ts'

// The settings of CONTRACT §5: GET and PATCH under /api/v2.

// Without the jobs, which would take what these tests put into the queue.
const snug = await newContract(undefined, { SNUG_ROLE: 'serve' })
const { db } = snug.snug
await snug.users('ada', 'bob')

const read = (id: string, as: string) => snug.ask('GET', `/api/v2/users/${id}/settings/notifications`, { as })
const patch = (id: string, as: string, body: unknown) =>
  snug.ask('PATCH', `/api/v2/users/${id}/settings`, { as, body })
const set = (as: string, key: unknown, value: unknown) =>
  patch(as, as, { setting: { key, value, category: 'notifications' } })
const valuesOf = async (id: string): Promise<Record<string, string>> => {
  const { body } = await read(id, id)
  return Object.fromEntries(body.map((one: { key: string; value: string }) => [one.key, one.value]))
}
const run = <Row extends object>(text: string, values: readonly unknown[] = []) =>
  runSql<Row>(db, text, values)
const storedOf = async (id: string) =>
  (await run<{ settings: object }>('select settings from users where id = $1', [id]))[0]?.settings

const UPDATED = { status: 200, body: { message: 'Setting updated successfully' } }
const WRONG_KEY = { status: 422, body: { error: 'Invalid setting key' } }
const WRONG_VALUE = { status: 422, body: { error: 'Failed to update setting' } }
const NOT_YOURS = { status: 403, body: { error: 'You can only update your own settings' } }
const UNKNOWN = { status: 401, body: { message: 'Unknown User' } }

test('the four settings in their order: both on, at once, never quiet, until the user says otherwise', async () => {
  const { status, body } = await read('ada', 'ada')
  assert.equal(status, 200)
  const shown = body.map((one: Record<string, string>) => [one.key, one.value, one.category])
  assert.deepEqual(shown, [
    ['messages.email', 'true', 'notifications'],
    ['messages.push', 'true', 'notifications'],
    ['messages.email_delay', '0', 'notifications'],
    ['messages.quiet_hours', '', 'notifications'],
  ])
  for (const one of body) {
    assert.deepEqual(Object.keys(one), ['key', 'value', 'category', 'title', 'description'])
    for (const words of [one.title, one.description]) assert.match(words, /^[A-Z].{3,}[^.]$/)
  }
})

test('a delay that is not set shows the server’s, one that is set the user’s own', async () => {
  const delayed = await newContract(snug.snug.databaseUrl, { SNUG_ROLE: 'serve', SNUG_EMAIL_DELAY: '600' })
  const delayShown = async (as: string) => {
    const { body } = await delayed.ask('GET', `/api/v2/users/${as}/settings/notifications`, { as })
    return body.find((one: { key: string }) => one.key === 'messages.email_delay').value
  }
  await snug.users('dora')
  assert.equal(await delayShown('dora'), '600')
  await set('dora', 'messages.email_delay', '0')
  assert.equal(await delayShown('dora'), '0')
})

/** What a key takes, what is shown of it afterwards, and what is stored. */
const TAKEN: readonly (readonly [string, unknown, string, unknown])[] = [
  ['messages.email', 'false', 'false', false],
  ['messages.email', 'true', 'true', true],
  ['messages.email', false, 'false', false],
  ['messages.email', true, 'true', true],
  ['messages.push', false, 'false', false],
  ['messages.push', 'true', 'true', true],
  ['messages.email_delay', '300', '300', '300'],
  ['messages.email_delay', '3600', '3600', '3600'],
  ['messages.email_delay', 'daily', 'daily', 'daily'],
  ['messages.email_delay', 0, '0', '0'],
  ['messages.email_delay', 300, '300', '300'],
  ['messages.email_delay', 3600, '3600', '3600'],
  ['messages.email_delay', '0', '0', '0'],
  ['messages.quiet_hours', '22:00-07:00', '22:00-07:00', '22:00-07:00'],
  ['messages.quiet_hours', '00:00-23:59', '00:00-23:59', '00:00-23:59'],
  ['messages.quiet_hours', '', '', ''],
]

test('every value that there is is taken, shown as text, and leaves the others alone', async () => {
  await snug.users('cleo')
  const expected = await valuesOf('cleo')
  const stored: Record<string, unknown> = {}
  for (const [key, value, shown, kept] of TAKEN) {
    assert.deepEqual(told(await set('cleo', key, value)), UPDATED, `${key} ${value}`)
    expected[key] = shown
    stored[key] = kept
    assert.deepEqual(await valuesOf('cleo'), expected)
    assert.deepEqual(await storedOf('cleo'), stored)
  }
  assert.deepEqual((await valuesOf('ada'))['messages.email'], 'true', 'nobody else’s')
})

test('the switches are those that the service API sets and shows', async () => {
  const put = (settings?: object) =>
    snug.ask('PUT', '/service/v1/users/eve', { service: true, body: { username: 'eve', settings } })
  await put({ 'messages.email': false })
  assert.equal((await valuesOf('eve'))['messages.email'], 'false')
  await set('eve', 'messages.push', 'false')
  await set('eve', 'messages.quiet_hours', '21:30-06:15')
  const { body } = await put()
  assert.deepEqual(body.settings, { 'messages.email': false, 'messages.push': false })
  await put({ 'messages.push': true })
  const { 'messages.push': push, 'messages.quiet_hours': quiet } = await valuesOf('eve')
  assert.deepEqual([push, quiet], ['true', '21:30-06:15'])
})

const NO_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  'messages.email': ['yes', 'TRUE', '', ' true', 1, 0, null, undefined, [], ['true'], {}, 'daily'],
  'messages.push': ['on', 'False', '', 1, null, undefined, [false], '0'],
  'messages.email_delay': [
    '',
    '1',
    '60',
    '00',
    '300.0',
    'Daily',
    -300,
    1,
    0.5,
    true,
    null,
    undefined,
    ['0'],
    {},
  ],
  'messages.quiet_hours': [
    ...[
      '22:00',
      '22:00-',
      '22-07',
      '24:00-07:00',
      '22:60-07:00',
      '2:00-7:00',
      '22:00 - 07:00',
      '22:00-07:00\n',
    ],
    ...['22:00-22:00', '00:00-00:00', '22:00–07:00', ' ', null, undefined, false, 0, ['22:00-07:00'], {}],
  ],
}

test('422 for a value that is none, and nothing is stored', async () => {
  await snug.users('fred')
  for (const [key, values] of Object.entries(NO_VALUES)) {
    for (const value of values)
      assert.deepEqual(told(await set('fred', key, value)), WRONG_VALUE, `${key} ${JSON.stringify(value)}`)
  }
  assert.deepEqual(await storedOf('fred'), {})
})

test('422 for a key that is none, whatever the value', async () => {
  const keys = [
    '',
    'email',
    'messages',
    'messages.sms',
    'Messages.email',
    'settings',
    '__proto__',
    'toString',
  ]
  for (const key of [...keys, null, undefined, 1, true, ['messages.email'], {}])
    for (const value of ['true', 'nonsense'])
      assert.deepEqual(told(await set('bob', key, value)), WRONG_KEY, String(key))
  for (const body of [
    {},
    { setting: null },
    { setting: 'messages.email' },
    { setting: [] },
    { setting: {} },
    [],
  ])
    assert.deepEqual(told(await patch('bob', 'bob', body)), WRONG_KEY, JSON.stringify(body))
  assert.deepEqual(await storedOf('bob'), {})
})

test('the category may be left out, and is no other', async () => {
  const withCategory = (rest: object) =>
    patch('bob', 'bob', { setting: { key: 'messages.email', value: true, ...rest } })
  for (const category of ['privacy', '', 'Notifications', 1, true, ['notifications']])
    assert.deepEqual(told(await withCategory({ category })), WRONG_KEY, String(category))
  assert.deepEqual(await storedOf('bob'), {})
  for (const rest of [{}, { category: null }, { category: 'notifications', unknown: 'ignored' }])
    assert.deepEqual(told(await withCategory(rest)), UPDATED)
})

test('403 for another’s, to read and to change: before the key, and whether they exist or not', async () => {
  for (const id of ['bob', 'nobody', 'ADA', '%00', 'ada%20']) {
    assert.deepEqual(told(await read(id, 'ada')), NOT_YOURS, id)
    const answer = await patch(id, 'ada', { setting: { key: 'messages.push', value: false } })
    assert.deepEqual(told(answer), NOT_YOURS, id)
    assert.deepEqual(told(await patch(id, 'ada', {})), NOT_YOURS, id)
  }
  assert.equal((await valuesOf('bob'))['messages.push'], 'true')
})

test('401 before 403: no token, an unknown user and an erased one', async () => {
  await snug.users('gone')
  await snug.erase('gone')
  for (const as of ['gone', 'nobody'])
    for (const id of [as, 'ada']) {
      assert.deepEqual(told(await read(id, as)), UNKNOWN)
      assert.deepEqual(told(await patch(id, as, {})), UNKNOWN)
    }
  const path = '/api/v2/users/ada/settings'
  const missing = { status: 401, body: { message: 'Missing Token' } }
  assert.deepEqual(told(await snug.ask('GET', `${path}/notifications`)), missing)
  assert.deepEqual(told(await snug.ask('PATCH', path, { raw: 'no json' })), missing)
})

test('400 and 413 as everywhere', async () => {
  const raw = (text: string) => snug.ask('PATCH', '/api/v2/users/ada/settings', { as: 'ada', raw: text })
  assert.deepEqual(told(await raw('no json')), { status: 400, body: { message: 'Invalid JSON' } })
  assert.equal((await raw('')).status, 400)
  assert.deepEqual(told(await raw(JSON.stringify({ x: 'x'.repeat(65_536) }))), {
    ...{ status: 413, body: { message: 'Payload Too Large' } },
  })
})

/** Notifications as they wait, or not any more. */
async function queued(recipient: string, rows: readonly object[]): Promise<void> {
  for (const row of rows)
    await run(
      `insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, due_at,
         worker_key, attempts, gather)
       select gen_random_uuid(), coalesce(o->>'channel', 'email'), 1, 1, 2, key, (o->>'position')::integer, coalesce(o->>'state', 'waiting'),
         now() + '1 day', (o->>'worker')::bigint, coalesce((o->>'attempts')::integer, 0), 'conversation'
       from users, cast($2 as jsonb) as o where id = $1`,
      [recipient, JSON.stringify(row)],
    )
}
const dueNow = async () =>
  (
    await run<{ position: number }>(
      `select position from notifications where due_at <= now() and due_at > now() - interval '1 minute' order by position`,
    )
  ).map((row) => row.position)

test('a new time makes what waits for the one of before due at once, and nothing else', async () => {
  await snug.users('hal', 'ian')
  await queued('hal', [
    { position: 1 },
    { position: 2 },
    { position: 3, worker: 7 },
    { position: 4, attempts: 1 },
    { position: 5, state: 'sent' },
    { position: 6, state: 'failed' },
    { position: 7, channel: 'push' },
  ])
  await queued('ian', [{ position: 8 }])
  assert.deepEqual(told(await set('hal', 'messages.email_delay', 'never')), WRONG_VALUE)
  assert.deepEqual(await dueNow(), [])
  // The moment of sending decides about switches.
  for (const key of ['messages.email', 'messages.push'])
    for (const value of [false, true]) assert.deepEqual(told(await set('hal', key, value)), UPDATED)
  assert.deepEqual(await dueNow(), [])
  await set('hal', 'messages.email_delay', '300')
  assert.deepEqual(await dueNow(), [1, 2])
  await set('hal', 'messages.quiet_hours', '23:00-05:00')
  assert.deepEqual(await dueNow(), [1, 2, 7])
})

test('changes at once all come through: each setting keeps the last word of its own', async () => {
  await snug.users('kim')
  await queued('kim', [{ position: 9 }, { position: 10 }])
  const words = { 'messages.email': 'false', 'messages.push': 'false', 'messages.email_delay': 'daily' }
  const all = { ...words, 'messages.quiet_hours': '23:00-05:00' }
  const rounds = Array.from({ length: 5 }, () => Object.entries(all)).flat()
  const answers = await Promise.all(rounds.map(([key, value]) => set('kim', key, value)))
  for (const answer of answers) assert.deepEqual(told(answer), UPDATED)
  assert.deepEqual(await valuesOf('kim'), all)
})
