import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath } from '../contract/client.ts'
import { mayCall } from '../contract/matrix-oracle.ts'
import { type Figure, makeOrphanedWorld, makeWorld, type World } from '../contract/matrix-world.ts'
import { runSql } from '../kit.ts'
import type { Received, TestStream } from './kit.ts'
import { newWorld } from './world.ts'

// The matrix of CONTRACT §2 over the stream: everybody's is open while things happen. Nobody is told of a conversation that they could
// not GET at that moment, and whoever could is told. The tests run in order: each begins where the one before has ended.

const world = await newWorld()
const worlds: readonly World[] = [
  await makeWorld(world, 'talked', { talk: true, creatorWasMember: true }),
  await makeOrphanedWorld(world, 'orphaned'),
]
const figures = worlds.flatMap((one) => one.figures.map((figure) => ({ figure, community: one.communityId })))
const named = (name: string) => figures.find(({ figure }) => figure.id === `talked-${name}`)?.figure as Figure
const streams = new Map<string, TestStream>()
for (const [i, { figure }] of figures.filter((one) => mayCall(one.figure)).entries()) {
  const stream = await world.open(figure.id, { transport: i % 2 ? 'sse' : 'websocket' })
  await stream.next('ready')
  streams.set(figure.id, stream)
}

type Pair = readonly [viewer: string, other: string]
const line = (...words: readonly string[]) => words.join(' ')

/** Every two people of a community, either way. */
const pairs: readonly Pair[] = figures.flatMap((a) =>
  figures.filter((b) => b.community === a.community && b !== a).map((b): Pair => [a.figure.id, b.figure.id]),
)
const communityOf = (id: string) => id.split('-')[0] as string

/** Whose thread with whom can be fetched now. */
async function readable(): Promise<Set<string>> {
  const found = new Set<string>()
  await inTurns(pairs, async ([viewer, other]) => {
    const { status, body } = await world.thread(viewer, communityOf(viewer), other)
    if (status === 200 && body.total > 0) found.add(line(viewer, other))
  })
  return found
}

async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < all.length; i += 12) await Promise.all(all.slice(i, i + 12).map(work))
}

/** The other of an event that somebody was told. */
function otherOf(
  viewer: string,
  { event, data }: Received,
  byConversation: Map<string, readonly string[]>,
): string {
  if (event === 'message.created') {
    const { message } = data as Received<'message.created'>['data']
    const people = [message.sender.id, message.recipient.id]
    assert.ok(people.includes(viewer), `${viewer} is told of what others said`)
    return people.find((id) => id !== viewer) as string
  }
  if (event !== 'conversation.read') return (data as { user_id: string }).user_id
  const { conversation_id } = data as Received<'conversation.read'>['data']
  const people = byConversation.get(conversation_id) as readonly string[]
  assert.ok(people.includes(viewer))
  return people.find((id) => id !== viewer) as string
}

/** Does something, and collects what everybody is told of it: event, viewer, other. */
async function told(work: () => Promise<unknown>): Promise<string[]> {
  await settle()
  for (const stream of streams.values()) stream.drop()
  await work()
  await settle()
  const rows = await runSql<{ id: string; people: string[] }>(
    world.snug.db,
    `select c.id, array[low.id, high.id] as people from conversations c
     join users low on low.key = c.low_key join users high on high.key = c.high_key`,
  )
  const byConversation = new Map(rows.map(({ id, people }) => [id, people]))
  const lines = [...streams].flatMap(([viewer, stream]) =>
    stream.left().map((event) => line(event.event, viewer, otherOf(viewer, event, byConversation))),
  )
  return [...new Set(lines)].sort()
}

const settle = () => world.settled([...streams].map(([as, stream]) => ({ as, stream })))

/** Both sides of a pair that have streams. */
const toBoth = (event: string, [a, b]: Pair): string[] =>
  [line(event, a, b), line(event, b, a)].filter((text) => streams.has(text.split(' ')[1] as string))

const sorted = (lines: readonly string[]) => [...new Set(lines)].sort()
const send = async ([from, to]: Pair) => {
  const body = { recipient_id: to, content: `from ${from}` }
  return world.ask('POST', messagesPath(communityOf(from)), { as: from, body })
}
const type = ([from, to]: Pair) =>
  world.ask('POST', `${messagesPath(communityOf(from))}/${encodeURIComponent(to)}/typing`, { as: from })

test('sending: those who may, and both of them are told', async () => {
  const expected: string[] = []
  const events = await told(() =>
    inTurns(pairs, async (pair) => {
      if ((await send(pair)).status === 201) expected.push(...toBoth('message.created', pair))
    }),
  )
  assert.ok(expected.length >= 10)
  assert.deepEqual(events, sorted(expected))
})

test('typing: permission as for sending, and the other side alone is told', async () => {
  const expected: string[] = []
  const events = await told(() =>
    inTurns(pairs, async (pair) => {
      const [from, to] = pair
      const { status, body } = await type(pair)
      const may = (await send(pair)).status
      if (status === 204 && streams.has(to)) expected.push(line('typing', to, from))
      assert.equal({ 201: 204, 403: 403, 401: 401 }[may], status, line(...pair))
      if (status === 403) assert.deepEqual(body, { message: ['You cannot send messages to this user'] })
    }),
  )
  assert.ok(expected.length >= 4)
  assert.deepEqual(
    events.filter((one) => one.startsWith('typing')),
    sorted(expected),
  )
})

test('marking read: whoever may read, and both are told', async () => {
  const expected: string[] = []
  const events = await told(() =>
    inTurns(pairs, async (pair) => {
      const [as, other] = pair
      const list = await world.list(as, communityOf(as), { per_page: '100' })
      const entry = list.body.data?.find((one: { user: { id: string } }) => one.user.id === other)
      if (!entry) return
      const path = `${messagesPath(communityOf(as))}/${other}/read`
      const body = { message_id: entry.latest_message.id }
      assert.equal((await world.ask('POST', path, { as, body })).status, 200)
      if (entry.unread_count > 0) expected.push(...toBoth('conversation.read', pair))
    }),
  )
  assert.ok(expected.length >= 10)
  assert.deepEqual(events, sorted(expected))
})

test('a membership that ends, a name that changes: told to those who can read, former members among them', async () => {
  const may = await readable()
  const changed = ['active', 'canceled', 'past_due', 'blocked', 'blocked-later', 'old-blocked'].map(named)
  const expected = pairs
    .filter((pair) => may.has(line(...pair)) && pair.some((id) => changed.some((one) => one.id === id)))
    .flatMap(([viewer, other]) => (streams.has(viewer) ? [line('conversation.updated', viewer, other)] : []))
  const statuses = await told(async () => {
    for (const { id } of changed) await world.member('talked', id, 'incomplete')
  })
  // Of the blocked ones nobody hears; those whose membership had ended already are changed by its kind.
  assert.deepEqual(statuses, sorted(expected))
  const plain = changed.filter(({ id }) => !id.includes('old'))
  const names = await told(async () => {
    for (const { id } of plain) await world.user(id, { username: `new name of ${id}` })
  })
  const concerned = expected.filter((text) => plain.some(({ id }) => text.split(' ').includes(id)))
  assert.deepEqual(names, sorted(concerned))
  await world.member('talked', named('active').id, 'active')
})

test('a block: told to those who could read until then, and then nothing, whatever happens', async () => {
  const before = await readable()
  const blocked = ['active', 'trialing', 'canceled', 'old-ended'].map(named)
  const concerns = (pair: Pair) => pair.some((id) => blocked.some((one) => one.id === id))
  const visible = pairs.filter((pair) => concerns(pair) && before.has(line(...pair)))
  const hidden = await told(async () => {
    for (const { id } of blocked) await world.block('talked', id)
  })
  const lines = visible.flatMap(([viewer, other]) =>
    streams.has(viewer) ? [line('conversation.hidden', viewer, other)] : [],
  )
  assert.ok(lines.length >= 10)
  assert.deepEqual(hidden, sorted(lines))
  const now = await readable()
  assert.deepEqual(
    visible.filter((pair) => now.has(line(...pair))),
    [],
  )
  const meanwhile = await told(async () => {
    await inTurns(pairs.filter(concerns), async (pair) => {
      assert.notEqual((await send(pair)).status, 201)
      assert.notEqual((await type(pair)).status, 204)
    })
    for (const { id } of blocked) {
      await world.member('talked', id, 'active')
      if (!id.includes('old')) await world.user(id, { username: `renamed ${id}` })
    }
  })
  assert.deepEqual(meanwhile, [])
  const shown = await told(async () => {
    for (const { id } of blocked) await world.unblock('talked', id)
  })
  const after = await readable()
  const again = pairs.filter((pair) => concerns(pair) && after.has(line(...pair)))
  assert.deepEqual(
    shown,
    sorted(
      again.flatMap(([viewer, other]) =>
        streams.has(viewer) ? [line('conversation.shown', viewer, other)] : [],
      ),
    ),
  )
})

test('deleting: both are told', async () => {
  const expected: string[] = []
  const events = await told(async () => {
    for (const pair of pairs) {
      const [as, other] = pair
      const { body } = await world.thread(as, communityOf(as), other, { page: 'last' })
      const last = body.data?.at(-1)
      if (last?.sender.id !== as) continue
      const answer = await world.ask('DELETE', `${messagesPath(communityOf(as))}/${last.id}`, { as })
      assert.equal(answer.status, 200)
      expected.push(...toBoth('message.deleted', pair))
    }
  })
  assert.ok(expected.length >= 10)
  assert.deepEqual(events, sorted(expected))
})

test('an erasure: told to those who can read on, and nothing to whom it was', async () => {
  const before = await readable()
  const gone = named('trialing').id
  const stream = streams.get(gone) as TestStream
  const events = await told(async () => {
    streams.delete(gone)
    await world.erase(gone)
    await stream.ended
  })
  const expected = pairs
    .filter(([viewer, other]) => other === gone && streams.has(viewer) && before.has(line(viewer, other)))
    .map(([viewer, other]) => line('conversation.updated', viewer, other))
  assert.ok(expected.length > 0)
  assert.deepEqual(events, sorted(expected))
  assert.deepEqual(stream.left(), [])
})
