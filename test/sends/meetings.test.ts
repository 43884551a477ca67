import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIdMaker, furthestId } from '../../src/actions/message-ids.ts'
import { lockCreator, markBlocked, settleConversations } from '../../src/store/blocks.ts'
import { type Queryable, queryable } from '../../src/store/db.ts'
import { deleteLastMessage } from '../../src/store/messages.ts'
import { type AdmittedSend, factsOfSends, writeSends } from '../../src/store/sends.ts'
import { markThreadRead } from '../../src/store/threads.ts'
import { eraseUser } from '../../src/store/users.ts'
import { newSnug, type TestSnug } from '../kit.ts'
import { assertSound, meeting, newCommunity, numberOf, poll, threadOf, trySend, twoServers } from './kit.ts'

// One of the two is held open in a transaction until the other waits for it: the races of races.test.ts, met every time.
const servers = await twoServers()
const [here, there] = servers
const ids = createIdMaker()
const messages = (community: string) => `/api/v1/communities/${community}/messages`
const CANNOT_SEND = { message: ['You cannot send messages to this user'] }

interface Keys {
  readonly communityKey: number
  readonly senderKey: number
  readonly recipientKey: number
}

/** The facts that a send is judged by, as its keys. */
async function keysOf(from: string, to: string, snug: TestSnug = here): Promise<Keys> {
  const send = {
    callerId: from,
    communityId: from.split('.')[0] as string,
    recipientId: to,
    idempotencyKey: null,
  }
  const [facts] = await factsOfSends(snug.db, [send])
  return {
    communityKey: facts?.communityKey as number,
    senderKey: facts?.callerKey as number,
    recipientKey: facts?.otherKey as number,
  }
}

function admitted(keys: Keys, content: string, idempotencyKey: string | null = null): AdmittedSend {
  const [conversationId, messageId] = [ids.next(Date.now()), ids.next(Date.now())]
  return { ...keys, conversationId, messageId, content, idempotencyKey }
}

const write = (db: Queryable, ...sends: AdmittedSend[]) => writeSends(db, sends, furthestId(Date.now()))

async function block(tx: Queryable, keys: Keys): Promise<void> {
  const target = { communityKey: keys.communityKey, userKey: keys.recipientKey }
  await lockCreator(tx, keys.communityKey)
  assert.ok(await markBlocked(tx, { ...target, byKey: null, reason: null }))
  await settleConversations(tx, { ...target, blocked: true })
}

const list = (snug: TestSnug, as: string) =>
  snug.call('GET', `${messages(as.split('.')[0] as string)}/conversations`, { as })

for (const before of [1, 0]) {
  const kind = before === 0 ? 'the first message' : 'a message'

  test(`${kind} that meets a block is refused when the block is there`, async () => {
    const [ada, bob] = (await newCommunity(here, `meet-a${before}`, 'bob')) as [string, string]
    for (let i = 0; i < before; i++) await here.send(`meet-a${before}`, ada, bob, `before ${i}`)
    const keys = await keysOf(ada, bob)
    const answer = await meeting(
      here,
      (tx) => block(tx, keys),
      () => trySend(there, { from: bob, to: ada, content: 'late' }),
    )
    assert.deepEqual([answer.status, answer.body], [403, CANNOT_SEND])
    const STORED = 'select count(*) as n from messages where community_key = $1'
    assert.equal(await numberOf(here, STORED, keys.communityKey), before)
    assert.equal((await list(here, ada)).body.total, 0)
  })

  test(`${kind} that a block meets is hidden when the block is there, and comes back with the unblock`, async () => {
    const id = `meet-b${before}`
    const [ada, bob] = (await newCommunity(here, id, 'bob')) as [string, string]
    for (let i = 0; i < before; i++) await here.send(id, ada, bob, `before ${i}`)
    const keys = await keysOf(ada, bob)
    const path = `/api/v1/communities/${id}/members/${bob}`
    const answer = await meeting(
      here,
      (tx) => write(tx, admitted(keys, 'on its way')),
      () => there.call('POST', `${path}/block`, { as: ada }),
    )
    assert.equal(answer.status, 200)
    for (const as of [ada, bob]) assert.equal((await list(there, as)).body.total, 0)
    await here.call('POST', `${path}/unblock`, { as: ada })
    assert.equal((await list(there, ada)).body.total, 1)
    assert.equal((await threadOf(there, id, bob, ada)).length, before + 1)
  })
}

test('a send that was judged under an earlier creator meets the block of a later one', async () => {
  const [ada, bob, cyd] = (await newCommunity(here, 'meet-c', 'bob', 'cyd')) as [string, string, string]
  const keys = await keysOf(ada, bob)
  await there.community('meet-c', cyd)
  const { status } = await there.call('POST', `/api/v1/communities/meet-c/members/${bob}/block`, { as: cyd })
  assert.equal(status, 200)
  assert.deepEqual(await write(here.db, admitted(keys, 'late')), [])
})

test('a block by someone who is no creator any more is refused', async () => {
  const [ada, bob, cyd] = (await newCommunity(here, 'meet-d', 'bob', 'cyd')) as [string, string, string]
  const { communityKey, recipientKey } = await keysOf(ada, cyd)
  const answer = await meeting(
    here,
    (tx) =>
      tx.query({ name: 'test.hand', text: 'update communities set creator_key = $2 where key = $1' }, [
        communityKey,
        recipientKey,
      ]),
    () => there.call('POST', `/api/v1/communities/meet-d/members/${bob}/block`, { as: ada }),
  )
  assert.deepEqual(
    [answer.status, answer.body],
    [403, { message: "You don't have permission to view community members" }],
  )
})

test('a send that was judged before an erasure is not stored after it', async () => {
  for (const erased of [0, 1]) {
    const people = (await newCommunity(here, `meet-e${erased}`, 'bob')) as [string, string]
    const keys = await keysOf(...people)
    await there.call('DELETE', `/service/v1/users/${people[erased]}`, { service: true })
    assert.deepEqual(await write(here.db, admitted(keys, 'late')), [])
  }
})

test('an erasure waits for a send that has begun, and removes its text', async () => {
  const [ada, bob] = (await newCommunity(here, 'meet-f', 'bob')) as [string, string]
  const keys = await keysOf(bob, ada)
  const client = await here.db.dedicated('snug test')
  await client.query('begin')
  await write(queryable(client), admitted(keys, 'on its way'))
  const erasing = there.call('DELETE', `/service/v1/users/${bob}`, { service: true })
  // It has asked for the third time whether the send is still running: so it does wait.
  const asked = new Set<string>()
  await poll(async () => {
    for (const { at } of await here.db.query<{ at: string }>(erasuresThatAsk)) asked.add(at)
    return asked.size >= 3
  })
  await client.query('commit')
  await client.end()
  assert.equal((await erasing).status, 204)
  const [message] = await threadOf(here, 'meet-f', ada, bob)
  assert.equal(message?.content, '')
})

const erasuresThatAsk = {
  name: 'test.erasures',
  text: `select query_start::text as at from pg_stat_activity
    where datname = current_database() and query like '%xact_start <= $1%' and pid <> pg_backend_pid()`,
}

test('a membership that meets an erasure ends with it', async () => {
  const [, bob] = (await newCommunity(here, 'meet-g', 'bob')) as [string, string]
  const answer = await meeting(
    here,
    (tx) => eraseUser(tx, bob),
    () =>
      there.call('PUT', `/service/v1/communities/meet-g/members/${bob}`, {
        service: true,
        body: { status: 'active' },
      }),
  )
  assert.deepEqual([answer.status, answer.body], [404, { message: 'Not Found' }])
})

test('a read that meets a delete and another message does not mark that one', async () => {
  const [ada, bob] = (await newCommunity(here, 'meet-h', 'bob')) as [string, string]
  await here.send('meet-h', bob, ada, 'first')
  const { id } = await here.send('meet-h', bob, ada, 'second')
  const keys = await keysOf(bob, ada)
  const answer = await meeting(
    here,
    async (tx) => {
      assert.ok(await deleteLastMessage(tx, keys.communityKey, id))
      await write(tx, admitted(keys, 'third'))
    },
    () => there.call('POST', `${messages('meet-h')}/${bob}/read`, { as: ada, body: { message_id: id } }),
  )
  assert.equal(answer.status, 422)
  assert.equal((await list(there, ada)).body.data[0].unread_count, 2)
})

test('a delete that meets an answer leaves the message', async () => {
  const [ada, bob] = (await newCommunity(here, 'meet-i', 'bob')) as [string, string]
  const { id } = await here.send('meet-i', bob, ada, 'question')
  const keys = await keysOf(ada, bob)
  const answer = await meeting(
    here,
    (tx) => write(tx, admitted(keys, 'answer')),
    () => there.call('DELETE', `${messages('meet-i')}/${id}`, { as: bob }),
  )
  const message = 'You can only delete the last message in a conversation'
  assert.deepEqual([answer.status, answer.body], [403, { message }])
  const thread = await threadOf(there, 'meet-i', ada, bob)
  assert.deepEqual(
    thread.map(({ content }) => content),
    ['question', 'answer'],
  )
})

test('an answer that meets a delete starts where that left off; one that meets the last delete starts anew', async () => {
  const [ada, bob] = (await newCommunity(here, 'meet-j', 'bob')) as [string, string]
  const keys = await keysOf(bob, ada)
  const only = await here.send('meet-j', bob, ada, 'only')
  const { body: old } = await list(here, ada)
  const answer = await meeting(
    here,
    (tx) => deleteLastMessage(tx, keys.communityKey, only.id),
    () => trySend(there, { from: ada, to: bob, content: 'anew' }),
  )
  assert.equal(answer.status, 201)
  const { body } = await list(here, ada)
  assert.equal(body.total, 1)
  assert.notEqual(body.data[0].id, old.data[0].id)
})

test('a key that another server is just using is answered with its message', async () => {
  const [ada, bob] = (await newCommunity(here, 'meet-k', 'bob')) as [string, string]
  const keys = await keysOf(ada, bob)
  const send = admitted(keys, 'once', 'key')
  const answer = await meeting(
    here,
    (tx) => write(tx, send),
    () => trySend(there, { from: ada, to: bob, content: 'once', key: 'key' }),
  )
  assert.deepEqual([answer.status, answer.headers['idempotent-replayed']], [201, 'true'])
  assert.equal(answer.body.id, send.messageId)
  assert.equal((await threadOf(here, 'meet-k', ada, bob)).length, 1)
})

test('ids keep the order of positions: what meets a greater one is judged again', async () => {
  const [ada, bob] = (await newCommunity(here, 'meet-l', 'bob')) as [string, string]
  const keys = await keysOf(ada, bob)
  const ahead = { ...admitted(keys, 'ahead'), messageId: createIdMaker().next(Date.now() + 3_600_000) }
  const answer = await meeting(
    here,
    (tx) => write(tx, ahead),
    () => trySend(there, { from: bob, to: ada, content: 'after' }),
  )
  assert.equal(answer.status, 201)
  assert.ok(answer.body.id > ahead.messageId)
  const thread = await threadOf(here, 'meet-l', ada, bob)
  assert.deepEqual(
    thread.map(({ content }) => content),
    ['ahead', 'after'],
  )
})

test('an imported id that says nothing of time, or one far ahead, stops no send', async () => {
  // Apart from the others, since the order of the ids ends here.
  const apart = await newSnug()
  const [ada, bob] = (await newCommunity(apart, 'apart', 'bob')) as [string, string]
  const keys = await keysOf(ada, bob, apart)
  const farAhead = createIdMaker().next(Date.now() + 49 * 3_600_000)
  // Greater than what is made now, and of a version that carries no time.
  const timeless = createIdMaker()
    .next(Date.now() + 3_600_000)
    .replace(/-7/, '-4')
  for (const messageId of [timeless, 'ffffffff-ffff-4fff-bfff-ffffffffffff', farAhead]) {
    await write(apart.db, { ...admitted(keys, 'imported'), conversationId: messageId, messageId })
    assert.equal((await trySend(apart, { from: bob, to: ada, content: 'after' })).status, 201)
  }
})

test('reading marks nothing backwards, whichever mark comes first', async () => {
  const [ada, bob] = (await newCommunity(here, 'meet-n', 'bob')) as [string, string]
  const first = await here.send('meet-n', bob, ada, 'first')
  const second = await here.send('meet-n', bob, ada, 'second')
  const { communityKey, senderKey: otherKey, recipientKey: readerKey } = await keysOf(bob, ada)
  const answer = await meeting(
    here,
    (tx) => markThreadRead(tx, { communityKey, readerKey, otherKey, messageId: second.id }),
    () =>
      there.call('POST', `${messages('meet-n')}/${bob}/read`, { as: ada, body: { message_id: first.id } }),
  )
  assert.deepEqual(answer.body, { unread_count: 0 })
})

test('the tables hold, and nothing deadlocked', () => assertSound(...servers))
