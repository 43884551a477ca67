import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { blockMember } from '../../src/actions/block-member.ts'
import { deleteMessage } from '../../src/actions/delete-message.ts'
import { createSendMessage } from '../../src/actions/send-message.ts'
import type { BusEvents } from '../../src/realtime/bus.ts'
import { startRealtime } from '../../src/realtime/index.ts'
import { createOrder, type Ordered } from '../../src/realtime/order.ts'
import type { Sink } from '../../src/realtime/stream.ts'
import { communityKey } from '../../src/store/communities.ts'
import type { Db } from '../../src/store/db.ts'
import type { OutboxRow } from '../../src/store/outbox.ts'
import { type Statement, sql } from '../../src/store/sql.ts'
import { keysOfUsers } from '../../src/store/streams.ts'
import { findUser } from '../../src/store/users.ts'
import { clientOf, eventually, lineTo, state } from '../client/kit.ts'
import { newSnug, type TestSnug } from '../kit.ts'
import { poll } from '../sends/kit.ts'
import { openStream, type TestStream } from './kit.ts'
import { within } from './model-held.ts'

// Meetings of two changes that the model has found, each made to happen.

const locked = sql<{ locked: number }>(
  'test.waiting',
  `select count(*) as locked from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
)

async function newPair(): Promise<{ snug: TestSnug; stream: TestStream }> {
  const snug = await newSnug()
  await snug.users('ada', 'bob')
  await snug.community('c', 'ada')
  await snug.member('c', 'bob')
  const stream = await openStream(snug.snug.url, snug.token('ada'))
  await stream.next('ready')
  return { snug, stream }
}

/** What is told of only when all of it is committed. */
async function inOneTransaction(snug: TestSnug, work: (db: Db) => Promise<void>): Promise<void> {
  const connection = await snug.db.dedicated('snug test')
  await connection.query('begin')
  await work(within(snug.db, connection))
  await connection.query('commit')
  await connection.end()
}

async function blockBob(db: Db): Promise<void> {
  const [community, bob] = [await communityKey(db, 'c'), await findUser(db, 'bob')]
  const target = { communityKey: community as number, userKey: bob?.key as number, byKey: null }
  await blockMember(db, target, null)
}

const rename = (snug: TestSnug) =>
  snug.call('PUT', '/service/v1/users/bob', { service: true, body: { username: 'Robert' } })

test('a name that changes while the first message is written is told with it', async () => {
  const { snug, stream } = await newPair()
  const { query } = snug.db
  Object.assign(snug.db, {
    async query(statement: Statement<object>, values: unknown[]) {
      if (statement.name === 'sends.write') await rename(snug)
      return query(statement, values)
    },
  })
  await snug.send('c', 'bob', 'ada', 'Hello')
  const created = await stream.next('message.created')
  assert.equal(created.data.conversation.user.username, 'Robert')
})

test('a name that is committed after the first message has been told is told', async () => {
  const { snug, stream } = await newPair()
  const { transaction } = snug.db
  let commit = () => {}
  let ready = () => {}
  const isReady = new Promise<void>((resolve) => {
    ready = resolve
  })
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve
  })
  const slow: typeof transaction = (work) =>
    transaction(async (tx) => {
      const done = await work(tx)
      Object.assign(snug.db, { transaction })
      ready()
      await mayCommit
      return done
    })
  // The relay's own transactions go on as they do.
  Object.assign(snug.db, {
    transaction: ((work) =>
      /lockUser/.test(String(work)) ? slow(work) : transaction(work)) as typeof transaction,
  })
  const renamed = rename(snug)
  await isReady
  await snug.send('c', 'bob', 'ada', 'Hello')
  const created = await stream.next('message.created')
  assert.equal(created.data.conversation.user.username, 'name of bob')
  commit()
  assert.equal((await renamed).status, 200)
  const updated = await stream.next('conversation.updated')
  assert.equal(updated.data.conversation?.user.username, 'Robert')
})

test('a membership that ends after the first message has been told, in a statement of before, is told', async () => {
  const { snug, stream } = await newPair()
  const holder = await snug.db.dedicated('snug test')
  await holder.query('begin')
  await holder.query(`select from users where id = 'bob' for no key update`)
  const ended = snug.member('c', 'bob', 'canceled')
  await poll(async () => (await snug.db.query(locked))[0]?.locked === 1)
  await snug.send('c', 'bob', 'ada', 'Hello')
  const created = await stream.next('message.created')
  assert.equal(created.data.conversation.can_send, true)
  await holder.query('commit')
  await holder.end()
  await ended
  const updated = await stream.next('conversation.updated')
  assert.equal(updated.data.conversation?.can_send, false)
})

test('a conversation that ended and began anew while a client was away takes the place of the old one', async () => {
  const { snug } = await newPair()
  const { id } = await snug.send('c', 'bob', 'ada', 'Hello')
  const line = await lineTo(snug.snug.url)
  const client = clientOf(snug, 'bob', { url: line.url })
  const inbox = client.inbox('c')
  await state(client.stream, 'live')
  await inbox.settled()
  assert.equal(inbox.getSnapshot().total, 1)
  line.closed = true
  line.cut()
  await state(client.stream, 'behind')
  await snug.call('DELETE', `/api/v1/communities/c/messages/${id}`, { as: 'bob' })
  await snug.send('c', 'ada', 'bob', 'Hello anew')
  line.closed = false
  await state(client.stream, 'live')
  await eventually(async () => {
    await inbox.settled()
    const { data, total } = await client.conversations.list('c')
    const shown = inbox.getSnapshot()
    assert.deepEqual([shown.conversations, shown.total], [data, total])
  })
})

test('a conversation that ended, began anew and was hidden by a block before it was told is gone', async () => {
  const { snug } = await newPair()
  const { id } = await snug.send('c', 'bob', 'ada', 'Hello')
  const client = clientOf(snug, 'ada')
  const inbox = client.inbox('c')
  await state(client.stream, 'live')
  await eventually(() => assert.equal(inbox.getSnapshot().total, 1))
  await inOneTransaction(snug, async (db) => {
    await deleteMessage(db, { callerId: 'bob', communityId: 'c', messageId: id })
    const send = { callerId: 'bob', communityId: 'c', recipientId: 'ada', idempotencyKey: null, faults: [] }
    await createSendMessage(db)({ ...send, content: 'Hello anew' })
    await blockBob(db)
  })
  await eventually(() => assert.deepEqual(inbox.getSnapshot().conversations, []))
  assert.equal(inbox.getSnapshot().total, 0)
})

test('a conversation that ended and was hidden by a block before it was told is gone', async () => {
  const { snug } = await newPair()
  const { id } = await snug.send('c', 'bob', 'ada', 'Hello')
  const client = clientOf(snug, 'ada')
  const inbox = client.inbox('c')
  await state(client.stream, 'live')
  await eventually(() => assert.equal(inbox.getSnapshot().total, 1))
  await inOneTransaction(snug, async (db) => {
    await deleteMessage(db, { callerId: 'bob', communityId: 'c', messageId: id })
    await blockBob(db)
  })
  await eventually(() => assert.deepEqual(inbox.getSnapshot().conversations, []))
})

test('a message that waits behind another change is told by what holds when its turn comes', async () => {
  const { snug, stream } = await newPair()
  await snug.send('c', 'bob', 'ada', 'Hello')
  const { id } = await snug.send('c', 'bob', 'ada', 'Hello again')
  await stream.through('message.created', ({ data }) => 'position' in data && data.position === 2)
  const { query } = snug.db
  Object.assign(snug.db, {
    async query(statement: Statement<object>, values: unknown[]) {
      if (statement.name !== 'streams.load') return query(statement, values)
      Object.assign(snug.db, { query })
      // While the deletion is read.
      await snug.send('c', 'bob', 'ada', 'No more')
      await snug.call('POST', '/service/v1/communities/c/members/bob/block', { service: true })
      return query(statement, values)
    },
  })
  await snug.call('DELETE', `/api/v1/communities/c/messages/${id}`, { as: 'bob' })
  await stream.next('conversation.hidden')
})

test("a creator's name that changes while a message is written is told with it, when all have started over", async () => {
  const { snug, stream } = await newPair()
  await snug.send('c', 'bob', 'ada', 'Hello')
  await stream.next('message.created')
  const bobs = await openStream(snug.snug.url, snug.token('bob'))
  await bobs.next('ready')
  const { query } = snug.db
  Object.assign(snug.db, {
    async query(statement: Statement<object>, values: unknown[]) {
      if (statement.name === 'sends.write') {
        await snug.call('PUT', '/service/v1/users/ada', { service: true, body: { username: 'Adele' } })
        await bobs.next('resync')
      }
      return query(statement, values)
    },
  })
  await snug.send('c', 'bob', 'ada', 'Hello again')
  const created = await bobs.next('message.created')
  assert.equal(created.data.conversation.user.username, 'Adele')
})

test('a message whose answer comes late is not shown once more when the thread begins above it', async () => {
  const { snug } = await newPair()
  let answer = () => {}
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve
  })
  const slow: typeof fetch = async (url, init) => {
    const response = await fetch(url, init)
    if (init?.method === 'POST') await mayAnswer
    return response
  }
  const client = clientOf(snug, 'ada', { fetch: slow })
  const thread = client.thread('c', 'bob', { perPage: 1 })
  await state(client.stream, 'live')
  await thread.settled()
  thread.send('one')
  await eventually(() => assert.equal(thread.getSnapshot().total, 1))
  await snug.send('c', 'bob', 'ada', 'two')
  await eventually(() => assert.equal(thread.getSnapshot().total, 2))
  // Not all at rest before the answer: it is to come when this has.
  void thread.loadLatest()
  await eventually(() => assert.equal(thread.getSnapshot().messages[0]?.content, 'two'))
  answer()
  await thread.settled()
  assert.deepEqual(
    thread.getSnapshot().messages.map(({ content }) => content),
    ['two'],
  )
})

test('what waits is told when its turn has come, also where others between were never heard', () => {
  const told: number[] = []
  const order = createOrder<Ordered>(
    ({ change }) => void told.push(change),
    () => assert.fail('nothing is missed'),
  )
  const change = (number: number) => {
    return { key: 'c', change: number, changedAt: number * 10, previousAt: number * 10 - 10 }
  }
  for (const number of [5, 6, 8, 9, 11]) order.offer(change(number))
  assert.deepEqual(told, [])
  order.advance(101)
  assert.deepEqual(told, [5, 6, 8, 9, 11])
})

test('whoever writes has read what was there, also where a thread is not shown yet', async () => {
  const snug = await newSnug()
  await snug.users('ada', 'bob')
  await snug.community('c', 'ada')
  const client = clientOf(snug, 'ada')
  const thread = client.thread('c', 'bob')
  await state(client.stream, 'live')
  await thread.settled()
  assert.equal(thread.getSnapshot().state, 'hidden')
  await snug.member('c', 'bob')
  const { id } = await snug.send('c', 'bob', 'ada', 'Hello')
  await eventually(() => assert.equal(thread.getSnapshot().total, 1))
  assert.deepEqual(thread.getSnapshot().readByOther, { id, position: 1 })
})

test('a mark that waits while its reader writes tells nothing that is behind what they have read by then', async () => {
  const { snug } = await newPair()
  const { id } = await snug.send('c', 'bob', 'ada', 'Hello')
  const stream = await openStream(snug.snug.url, snug.token('bob'))
  await stream.next('ready')
  const holder = await snug.db.dedicated('snug test')
  await holder.query('begin')
  await holder.query('select from conversations for update')
  const sent = snug.send('c', 'ada', 'bob', 'Hello Bob')
  await poll(async () => (await snug.db.query(locked))[0]?.locked === 1)
  const path = '/api/v1/communities/c/messages/bob/read'
  const marked = snug.call('POST', path, { as: 'ada', body: { message_id: id } })
  await poll(async () => (await snug.db.query(locked))[0]?.locked === 2)
  await holder.query('commit')
  await holder.end()
  await sent
  assert.deepEqual((await marked).body, { unread_count: 0 })
  await snug.send('c', 'bob', 'ada', 'Hello again')
  await stream.through('message.created', ({ data }) => 'position' in data && data.position === 3)
  assert.deepEqual(
    stream.received.map(({ event }) => event).filter((event) => event === 'conversation.read'),
    [],
  )
})

test('what is read while all are told to start over is told once afterwards', async () => {
  const { snug } = await newPair()
  const told: string[] = []
  const { events, open } = await newRealtime(snug, told)
  const [ada, bob] = await keysOfUsers(snug.db, ['ada', 'bob'])
  open('ada', ada as number)
  await eventually(() => assert.deepEqual(told, ['ready']))
  const key = await communityKey(snug.db, 'c')
  const rowOf = async (position: number): Promise<OutboxRow> => {
    const { id } = await snug.send('c', 'bob', 'ada', `message ${position}`)
    const [lowKey, highKey] = [ada, bob].sort((a, b) => Number(a) - Number(b)) as [number, number]
    return {
      ...{ kind: 'message.created', communityKey: key as number, lowKey, highKey, messageId: id, position },
      ...{ userKey: ada as number, conversationId: null, change: position, changedAt: position },
      previousAt: position === 1 ? null : position - 1,
    }
  }
  const rows = [await rowOf(1)]
  const { query } = snug.db
  Object.assign(snug.db, {
    async query(statement: Statement<object>, values: unknown[]) {
      if (statement.name !== 'streams.load') return query(statement, values)
      Object.assign(snug.db, { query })
      const facts = await query(statement, values)
      events.mended()
      // It comes once more, by the other way.
      events.heard({ kind: 'changes', rows })
      return facts
    },
  })
  events.heard({ kind: 'changes', rows })
  await eventually(() => assert.equal(told.at(-1), 'message 1'))
  events.heard({ kind: 'changes', rows: [await rowOf(2)] })
  await eventually(() => assert.equal(told.at(-1), 'message 2'))
  assert.deepEqual(told, ['ready', 'resync', 'message 1', 'message 2'])
})

/** The streams of a server that hears what the test says. @param told takes the events by name, or by their message's text */
async function newRealtime(snug: TestSnug, told: string[]) {
  const given: BusEvents[] = []
  const realtime = await startRealtime({
    db: snug.db,
    installation: 'abc123',
    async connectBus(events) {
      given.push(events)
      return {
        publish: async () => undefined,
        publishTyping: () => {},
        watch: async () => {},
        unwatch: () => {},
        settle: async () => ({ settled: 0, now: 0 }),
        close: async () => {},
      }
    },
    stats: { opened: () => {}, ended: () => {}, told: () => {} },
    log: () => {},
    now: Date.now,
  })
  after(() => realtime.close())
  const sink: Sink = {
    transport: 'sse',
    unsent: 0,
    sizeOf: () => 0,
    write: ({ event, text }) => void told.push(/message \d/.exec(String(text))?.[0] ?? event),
    ping: () => {},
    end: () => {},
  }
  const open = (userId: string, userKey: number) =>
    realtime.open(sink, { userId, userKey, expiresAt: Date.now() + 60_000, since: null })
  return { events: given[0] as BusEvents, open }
}
