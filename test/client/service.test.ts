import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  InvalidError,
  NotFoundError,
  SnugService,
  type TransferLine,
  UnauthorizedError,
} from '../../client/src/service.ts'
import { newSnug } from '../kit.ts'

const snug = await newSnug()
const key = 'a-service-key-for-tests'
const serviceOf = (options: object = {}) =>
  new SnugService({ url: snug.snug.url, key, random: () => 0, ...options })

test('tells of users, communities and members, and makes tokens', async () => {
  const service = serviceOf()
  const user = await service.users.put('ada', { username: 'Ada', email: 'ada@example.com' })
  assert.deepEqual([user.id, user.settings['messages.email']], ['ada', true])
  await service.users.put('bob', { username: 'Bob' })
  assert.deepEqual(await service.communities.put('club', { name: 'Club', creator_id: 'ada' }), {
    id: 'club',
    name: 'Club',
    creator_id: 'ada',
  })
  const member = await service.members.put('club', 'bob', { status: 'active', tier: { name: 'Gold' } })
  assert.equal(member.tier_name, 'Gold')
  assert.equal((await service.members.block('club', 'bob', { reason: 'spam' })).is_blocked, true)
  assert.equal((await service.members.unblock('club', 'bob')).is_blocked, false)
  await service.members.put('club', 'bob', { status: 'active' })
  const { access_token } = await service.tokens.create('bob', { expiresIn: 60 })
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  const sent = await fetch(`${snug.snug.url}/api/v1/communities/club/messages`, {
    method: 'POST',
    headers,
    body: '{"recipient_id":"ada","content":"hello"}',
  })
  const { id } = (await sent.json()) as { id: string }
  const insights = await service.communities.insights('club', { time_zone: 'Asia/Tokyo' })
  assert.deepEqual([insights.messages_by_day.at(-1)?.received, insights.complete], [1, true])
  assert.match(insights.since, /T15:00:00Z$/)
  await assert.rejects(service.communities.insights('nowhere'), NotFoundError)
  const why = await service.notifications.of(id)
  assert.equal(why === null || why.message_id === id, true)
  assert.equal(await service.notifications.of('01a203e0-09e9-727d-8a69-7cce79def710'), null)
})

test('errors and retries are those of the client', async () => {
  let tries = 0
  const lossy: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (++tries < 3) throw new TypeError('the line was lost')
    return response
  }
  await serviceOf({ fetch: lossy }).users.put('cleo', { username: 'Cleo' })
  assert.equal(tries, 3)
  tries = 0
  await serviceOf({ fetch: lossy }).users.delete('cleo')
  assert.equal(tries, 3)
  await assert.rejects(serviceOf().users.put('cleo', { username: '' }), InvalidError)
  await assert.rejects(serviceOf().members.put('nowhere', 'ada', { status: 'active' }), NotFoundError)
  tries = 10
  await assert.rejects(
    serviceOf({ key: 'wrong', fetch: lossy }).users.put('x', { username: 'x' }),
    UnauthorizedError,
  )
  assert.equal(tries, 11)
})

const people: TransferLine[] = [
  { type: 'user', id: 'creator', username: 'Creator' },
  { type: 'user', id: 'member', username: 'Member' },
  { type: 'community', id: 'imported', name: 'Imported', creator_id: 'creator' },
  { type: 'member', community_id: 'imported', user_id: 'member', status: 'active' },
]
const MESSAGES = 1_000
async function* lines(): AsyncIterable<TransferLine> {
  yield* people
  for (let n = 0; n < MESSAGES; n++) {
    const time = new Date(Date.UTC(2024, 0, 1) + n * 1_000).toISOString()
    const ends = { sender_id: 'member', recipient_id: 'creator' }
    yield { type: 'message', community_id: 'imported', ...ends, content: `line ${n} ä🎈`, created_at: time }
  }
}

test('imports and exports lines as they come', async () => {
  const service = serviceOf()
  const { imported, errors } = await service.import(lines())
  assert.deepEqual([imported.messages, imported.users, errors], [MESSAGES, 2, []])
  assert.equal((await service.import(people)).imported.users, 0)
  const all = await Array.fromAsync(service.export({ communityId: 'imported' }))
  assert.equal(all.filter(({ type }) => type === 'message').length, MESSAGES)
  // Where fetch cannot stream it is gathered: such platforms make text of a stream, and never ask for `duplex`.
  const { Request } = globalThis
  const old = class {
    headers = new Headers({ 'content-type': 'text/plain' })
  }
  try {
    Object.assign(globalThis, { Request: old })
    assert.equal((await service.import(lines())).imported.messages, 0)
  } finally {
    Object.assign(globalThis, { Request })
  }
  await assert.rejects(Array.fromAsync(service.export({ communityId: 'none' })), NotFoundError)
})

test('an export may be left, or stopped by a signal', async () => {
  for await (const line of serviceOf().export({ communityId: 'imported' })) {
    assert.equal(line.type, 'user')
    break
  }
  const reason = new Error('enough')
  const control = new AbortController()
  const taken = async () => {
    for await (const line of serviceOf().export({ communityId: 'imported', signal: control.signal }))
      if (line) control.abort(reason)
  }
  await assert.rejects(taken(), reason)
})
