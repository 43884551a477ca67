import assert from 'node:assert/strict'
import type { Answer, TestSnug } from '../kit.ts'

export const USERS = ['ada', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus', 'hal', 'ivy', 'jo', 'kay']

/** A world in which everything that can be told apart over HTTP has happened. */
export async function populate(snug: TestSnug): Promise<void> {
  const calls = callsOf(snug)
  await meetAndTalk(snug, calls)
  await fallOut(snug, calls)
  await makeTies(snug)
}

interface Calls {
  service(method: 'PUT' | 'POST' | 'DELETE', path: string, body?: object): Promise<void>
  as(
    user: string,
    method: 'POST' | 'DELETE',
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<Answer['body']>
}

/** Calls that have to be answered well. */
function callsOf(snug: TestSnug): Calls {
  const service: Calls['service'] = async (method, path, body = {}) => {
    const answer = await snug.call(method, `/service/v1/${path}`, { service: true, body })
    assert.ok(answer.status < 300, `${path} ${answer.status}`)
  }
  const as: Calls['as'] = async (user, method, path, body, headers = {}) => {
    const answer = await snug.call(method, `/api/v1/communities/${path}`, { as: user, body, headers })
    assert.ok(answer.status < 300, `${path} ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  return { service, as }
}

async function meetAndTalk(snug: TestSnug, { service, as }: Calls): Promise<void> {
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
}

async function fallOut(snug: TestSnug, { service, as }: Calls): Promise<void> {
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
}

async function makeTies(snug: TestSnug): Promise<void> {
  // Ties, as a host's times in whole seconds make them: only the keys decide.
  const same = [
    "update messages set created_at = '2024-12-01T10:30:00Z' where community_key = 1",
    "update conversations set active_at = '2024-12-01T10:30:00Z' where community_key = 1",
    // As a clock that was set back leaves it: the place in the list is not the time of the message.
    `update conversations set active_at = '2024-12-01T10:30:00.000001Z'
     where community_key = 1 and last_position > 0 and key = (select min(key) from conversations where community_key = 1)`,
    "update members set joined_at = '2024-01-01' where user_key <> 10",
  ]
  const client = await snug.db.dedicated('snug test')
  for (const statement of same) await client.query(statement)
  await client.end()
}
