import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath } from '../contract/client.ts'
import { runSql } from '../kit.ts'
import type { Received } from './kit.ts'
import { inOrder, missedBy } from './missed.ts'
import { newWorld, untilOf } from './world.ts'

// Much that was missed, and what happens while it is told (CONTRACT §6).

const world = await newWorld()
const community = 'much'
const MEMBERS = 501
const id = (n: number) => `member-${n}`
await world.users('creator', 'bystander')
await world.community(community, 'creator')

/** Members with a message of each, as an import makes them: nobody is told. */
async function makeMembers(): Promise<void> {
  const lines = Array.from({ length: MEMBERS }, (_, n) => [
    { type: 'user', id: id(n), username: id(n) },
    { type: 'member', community_id: community, user_id: id(n), status: 'active' },
    {
      ...{ type: 'message', community_id: community, sender_id: id(n), recipient_id: 'creator' },
      ...{ content: `hello from ${n}`, created_at: '2024-12-01T10:30:00Z' },
    },
  ]).flat()
  const { status, body } = await world.ask('POST', '/service/v1/import', {
    service: true,
    raw: lines.map((line) => JSON.stringify(line)).join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  })
  assert.deepEqual([status, body.errors], [200, []])
}

/** The id of an event that says that all before has been told long since. Nothing else happens meanwhile. */
async function leave(as: string): Promise<string> {
  const moment = Date.now() * 1_000 + 2_100_000
  for (;;) {
    const stream = await world.open(as)
    await stream.through('ready')
    await stream.close()
    if (untilOf({ id: stream.lastId }) >= moment) return stream.lastId
  }
}

const touch = (most: number) =>
  runSql(
    world.snug.db,
    `update conversations set touched_at = clock_timestamp() where key in (
       select c.key from conversations c join communities on communities.key = c.community_key where communities.id = $1
       order by c.key limit $2)`,
    [community, most],
  )

test('500 conversations that changed are told one by one, 501 are a resync', async () => {
  await makeMembers()
  const since = await leave('creator')
  await touch(500)
  for (const transport of ['sse', 'websocket'] as const) {
    const missed = await missedBy(world, 'creator', since, { transport })
    assert.ok(!missed.resync)
    assert.equal(missed.changed.length, 500)
    assert.ok(missed.changed.every(({ data }) => data.total === 1))
  }
  await touch(501)
  for (const transport of ['sse', 'websocket'] as const)
    assert.ok((await missedBy(world, 'creator', since, { transport })).resync)
})

test('200 messages of one conversation are told one by one, 201 are a resync', async () => {
  const since = await leave(id(0))
  for (let i = 0; i < 200; i++) await world.send(community, 'creator', id(0), `message ${i}`)
  const missed = await missedBy(world, id(0), since)
  assert.deepEqual(
    missed.created.map(({ data }) => data.message.content),
    Array.from({ length: 200 }, (_, i) => `message ${i}`),
  )
  await world.send(community, 'creator', id(0), 'one more')
  assert.ok((await missedBy(world, id(0), since)).resync)
})

test('1,000 messages are told one by one, 1,001 are a resync', async () => {
  const since = await leave('creator')
  const rounds = Array.from({ length: 200 }, (_, round) => round)
  for (const round of rounds)
    await Promise.all(
      [1, 2, 3, 4, 5].map((n) => world.send(community, id(n), 'creator', `${round} from ${n}`)),
    )
  const missed = await missedBy(world, 'creator', since, { transport: 'websocket' })
  assert.equal(missed.created.length, 1_000)
  assert.equal(missed.changed.length, 5)
  await world.send(community, id(6), 'creator', 'one more')
  assert.ok((await missedBy(world, 'creator', since)).resync)
})

/** What a client holds of threads, by the rules of contract/stream.ts: positions say what has been deleted. */
class Held {
  readonly #threads = new Map<string, Map<number, string>>()
  apply({ event, data }: Received): void {
    const { message, conversation, position } = data as Received<'message.created'>['data']
    const { user_id, total } = data as Received<'message.deleted'>['data']
    if (event === 'message.created') {
      this.#shorten(conversation.user.id, position - 1).set(position, message.id)
    } else if (event === 'message.deleted' || event === 'conversation.changed') this.#shorten(user_id, total)
  }
  /** Their ids, by position. */
  with(other: string): [number, string][] {
    return [...(this.#threads.get(other) ?? [])].sort(([a], [b]) => a - b)
  }
  #shorten(other: string, total: number): Map<number, string> {
    const thread = this.#threads.get(other) ?? new Map<number, string>()
    for (const position of thread.keys()) if (position > total) thread.delete(position)
    this.#threads.set(other, thread)
    return thread
  }
}

/** The same of a fresh GET, without the first ones. */
async function threadOf(as: string, other: string, without: number): Promise<[number, string][]> {
  const ids: string[] = []
  for (let page = 1, more = true; more; page++) {
    const { body } = await world.thread(as, community, other, { page: String(page), per_page: '100' })
    ids.push(...body.data.map((one: { id: string }) => one.id))
    more = body.has_more
  }
  return ids.map((one, i): [number, string] => [i + 1, one]).slice(without)
}

for (const transport of ['sse', 'websocket'] as const) {
  test(`what happens while a client catches up is told afterwards, and nothing of before (${transport})`, async () => {
    const members = transport === 'sse' ? [10, 11, 12, 13, 14] : [20, 21, 22, 23, 24]
    // A text that takes 15 KB, twice in each event: all that the system buffers is filled long before the end.
    const content = '…'.repeat(5_000)
    const since = await leave('creator')
    for (let round = 0; round < 150; round++)
      await Promise.all(members.map((n) => world.send(community, id(n), 'creator', content)))
    const stream = await world.open('creator', { transport, since })
    stream.pause()
    const first = members[0] as number
    // Now it waits for the client, and what happens is held back: a stack that grows and shrinks.
    for (let i = 0; i < 5; i++) {
      const gone = await world.send(community, id(first), 'creator', 'deleted at once')
      const path = `${messagesPath(community)}/${gone.id}`
      assert.equal((await world.ask('DELETE', path, { as: id(first) })).status, 200)
      await world.send(community, id(first), 'creator', `stays ${i}`)
    }
    const last = await world.send(community, id(members[1] as number), 'creator', 'the last')
    assert.ok(!stream.received.some(({ event }) => event === 'ready'), 'it still catches up')
    stream.resume()
    const before = await stream.through('ready')
    // What came between the reading of the conversations and of their messages comes twice.
    assert.ok(inOrder(before).created.length >= 750, 'what it had missed when it came')
    const live = await stream.through(
      'message.created',
      ({ data }) => (data as Received<'message.created'>['data']).message.id === last.id,
    )
    await world.settled([{ as: 'creator', stream }])
    const held = new Held()
    for (const event of [...before, ...live, ...stream.left()]) held.apply(event)
    for (const n of members) assert.deepEqual(held.with(id(n)), await threadOf('creator', id(n), 1))
    await stream.close()
  })
}

test('whoever comes back while messages come and go misses none, and is told nothing stale', async () => {
  const as = id(30)
  let since = await leave(as)
  const held = new Held()
  for (let round = 0; round < 40; round++) {
    const busy = (async () => {
      for (let i = 0; i < 4; i++) {
        const sent = await world.send(community, 'creator', as, `${round} ${i}`)
        if (i % 2) await world.ask('DELETE', `${messagesPath(community)}/${sent.id}`, { as: 'creator' })
      }
    })()
    const stream = await world.open(as, { since, transport: round % 2 ? 'sse' : 'websocket' })
    for (const event of await stream.through('ready')) held.apply(event)
    if (round % 4 === 3) {
      await busy
      await world.settled([{ as, stream }])
    }
    for (const event of stream.left()) held.apply(event)
    since = stream.lastId
    await stream.close()
    await busy
    if (round % 4 !== 3) continue
    assert.deepEqual(held.with('creator'), await threadOf(as, 'creator', 1), `round ${round}`)
  }
})
