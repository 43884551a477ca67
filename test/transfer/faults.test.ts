import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS_MAX } from '../../contract/transfer.ts'
import { importLines } from '../../src/actions/import.ts'
import { newSnug } from '../kit.ts'
import { chunksOf, importAll, message, ndjson, people } from './kit.ts'

const snug = await newSnug()
const { db } = snug
await importAll(db, ...people(3))
await importAll(
  db,
  { type: 'user', id: 'ivy', username: 'deleted', erased_at: '2024-12-01T10:30:00Z' },
  { type: 'user', id: 'stranger', username: 'S' },
  { type: 'member', community_id: 'c', user_id: 'ivy', status: 'canceled' },
)

const SMILE = '😀'
const PAIR = "Sender and recipient must be the community's creator and a member"
const TIME = 'must be a time such as 2024-12-01T10:30:00Z'
const user = (more: object) => ({ type: 'user', id: 'new', username: 'New', ...more })
const member = (more: object) => ({
  type: 'member',
  community_id: 'c',
  user_id: 'm1',
  status: 'active',
  ...more,
})
const community = (more: object) => ({ type: 'community', id: 'd', name: 'D', creator_id: 'ada', ...more })
const ahead = (ms: number) => new Date(Date.now() + ms).toISOString()

const faulty: [line: object | string, message: string][] = [
  ['{"type":"user"', 'Invalid JSON'],
  ['nonsense', 'Invalid JSON'],
  ['[]', 'Line must be an object'],
  ['7', 'Line must be an object'],
  ['null', 'Line must be an object'],
  [{}, 'Type must be one of user, community, member, message, idempotency_key'],
  [{ type: 'User' }, 'Type must be one of user, community, member, message, idempotency_key'],
  [user({ username: ' ' }), "Username can't be blank"],
  [user({ username: undefined, email: 'no' }), "Username can't be blank, Email is invalid"],
  [user({ id: undefined }), "Id can't be blank"],
  [user({ id: 'a b' }), 'Id must be 1 to 64 of A-Z a-z 0-9 . _ ~ -'],
  [user({ id: 7 }), 'Id is invalid'],
  [user({ id: 'conversations' }), 'Id is reserved'],
  [user({ time_zone: 'Mars/Olympus' }), 'Time zone must be an IANA name such as Europe/Lisbon'],
  [user({ avatar_url: 'javascript:alert(1)' }), 'Avatar url must be an http or https URL'],
  [user({ settings: { 'messages.email': 'yes' } }), 'Settings messages.email is invalid'],
  [user({ name: 'a\u0000b' }), 'Name is invalid'],
  [user({ erased_at: 'yesterday' }), `Erased at ${TIME}`],
  [user({ id: 'ivy' }), 'User has been erased'],
  [community({ name: '' }), "Name can't be blank"],
  [community({ creator_id: 'nobody' }), 'Creator must exist'],
  [community({ id: 'c', creator_id: 'nobody' }), 'Creator must exist'],
  [community({ id: 'c', creator_id: 'ivy' }), 'Creator must exist'],
  [community({ past_creator_ids: ['m1', 'nobody'] }), 'Past creators must exist'],
  [community({ past_creator_ids: 'm1' }), 'Past creators must be a list of ids'],
  [member({ community_id: 'nowhere' }), 'Community must exist'],
  [member({ user_id: 'nobody' }), 'User must exist'],
  [member({ community_id: 'nowhere', user_id: 'nobody' }), 'Community must exist, User must exist'],
  [
    member({ status: 'gone' }),
    'Status must be one of active, trialing, past_due, canceled, unpaid, incomplete',
  ],
  [member({ joined_at: '2024-02-30T00:00:00Z' }), `Joined at ${TIME}`],
  [member({ joined_at: '0000-01-01T00:00:00Z' }), `Joined at ${TIME}`],
  [member({ id: 'seven' }), 'Id must be a UUID'],
  [member({ metadata: { blocked: 'yes' } }), 'Blocked is invalid'],
  [member({ metadata: { blocked: true, blocked_by: 'nobody' } }), 'Blocked by must exist'],
  [member({ metadata: { unblocked_by: 'nobody' } }), 'Unblocked by must exist'],
  [member({ user_id: 'ada', metadata: { blocked: true } }), 'The creator cannot be blocked'],
  [message('m1', 'ada', ' \u2003\n'), "Content can't be blank"],
  [message('m1', 'ada', ''), "Content can't be blank"],
  [message('m1', 'ada', 'x', { content: undefined }), "Content can't be blank"],
  [message('m1', 'ada', 'x', { content: null }), "Content can't be blank"],
  [message('m1', 'ada', 'x', { content: 7 }), 'Content is invalid'],
  [message('m1', 'ada', 'a\u0000b'), 'Content is invalid'],
  [
    '{"type":"message","community_id":"c","sender_id":"m1","recipient_id":"ada","content":"\\ud83d","created_at":"2024-12-01T10:30:00Z"}',
    'Content is invalid',
  ],
  [message('m1', 'ada', SMILE.repeat(5_001)), 'Content is too long (maximum is 5000 characters)'],
  [message('m1', 'ada', 'x'.repeat(65_536)), 'Line is longer than 64 KiB'],
  [message('m1', 'ada', 'x', { created_at: undefined }), "Created at can't be blank"],
  [message('m1', 'ada', 'x', { created_at: '2024-12-01' }), `Created at ${TIME}`],
  [message('m1', 'ada', 'x', { created_at: '2024-12-01T10:30:00' }), `Created at ${TIME}`],
  [
    message('m1', 'ada', 'x', { created_at: ahead(25 * 3_600_000) }),
    'Created at must not be more than a day ahead',
  ],
  [
    message('m1', 'ada', 'x', { active_at: ahead(25 * 3_600_000) }),
    'Active at must not be more than a day ahead',
  ],
  [message('m1', 'ada', 'x', { id: '1' }), 'Id must be a UUID'],
  [message('m1', 'ada', 'x', { community_id: 'nowhere' }), 'Community must exist'],
  [message('nobody', 'ada', 'x'), 'Sender must exist'],
  [message('ada', 'nobody', 'x'), 'Recipient must exist'],
  [message('m1', 'm2', 'x'), PAIR],
  [message('ada', 'ada', 'x'), PAIR],
  [message('stranger', 'ada', 'x'), PAIR],
  [message('ada', 'stranger', 'x'), PAIR],
  [
    {
      type: 'idempotency_key',
      community_id: 'nowhere',
      sender_id: 'nobody',
      key: 'k',
      message_id: '01a203e0-09e9-727d-8a69-7cce79def710',
    },
    'Community must exist, Sender must exist',
  ],
  [
    { type: 'idempotency_key', community_id: 'c', sender_id: 'm1', key: 'a b', message_id: '1' },
    'Key must be 1 to 255 visible ASCII characters, Message must be a UUID',
  ],
]

test('each faulty line is told of by its number and in the words of the API, and stops no other', async () => {
  const good = faulty.map((_, i) => message('m1', 'ada', `between ${i}`))
  const { imported, refused, errors } = await importAll(
    db,
    ...faulty.flatMap(([line], i) => [good[i] as object, line]),
  )
  assert.deepEqual(
    errors,
    faulty.map(([, message], i) => ({ line: 2 * i + 2, message })),
  )
  assert.equal(refused, faulty.length)
  const none = { users: 0, communities: 0, members: 0, idempotency_keys: 0 }
  assert.deepEqual(imported, { ...none, conversations: 1, messages: faulty.length })
  const { body } = await snug.call('GET', '/api/v1/communities/c/messages/m1?per_page=100', { as: 'ada' })
  assert.deepEqual(
    body.data.map((one: { content: string }) => one.content),
    faulty.map((_, i) => `between ${i}`),
  )
})

test('5,000 characters are taken, each written as an escaped pair too', async () => {
  const line = JSON.stringify(message('m2', 'ada', '')).replace('""', `"${'\\ud83d\\ude00'.repeat(5_000)}"`)
  assert.deepEqual((await importAll(db, line)).errors, [])
  const { body } = await snug.call('GET', '/api/v1/communities/c/messages/m2', { as: 'ada' })
  assert.equal(body.data[0].content, SMILE.repeat(5_000))
})

test('the first errors are told of, and all are counted, in memory that does not grow', async () => {
  async function* bad() {
    for (let i = 0; i < 30; i++) yield 'x\n'.repeat(100)
  }
  const { refused, errors } = await importLines(db, bad())
  assert.equal(refused, 3_000)
  assert.deepEqual(
    errors.map((error) => error.line),
    Array.from({ length: ERRORS_MAX }, (_, i) => i + 1),
  )
})

test('what only the database refuses is a fault of its line', async () => {
  const client = await db.dedicated('snug test')
  await client.query("alter table messages add constraint no_unicorns check (content <> 'unicorn')")
  const lines = ['a', 'unicorn', 'b', 'c', 'unicorn', 'd'].map((text, i) =>
    message('m3', 'ada', text, { created_at: `2024-12-01T10:30:0${i}Z` }),
  )
  const { imported, errors } = await importLines(db, chunksOf(ndjson(...lines)))
  await client.query('alter table messages drop constraint no_unicorns')
  await client.end()
  assert.deepEqual(
    errors,
    [2, 5].map((line) => ({ line, message: 'Line could not be stored' })),
  )
  assert.equal(imported.messages, 4)
  const { body } = await snug.call('GET', '/api/v1/communities/c/messages/m3', { as: 'ada' })
  assert.deepEqual(
    body.data.map((one: { content: string }) => one.content),
    ['a', 'b', 'c', 'd'],
  )
})
