import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath } from '../contract/client.ts'
import type { Received } from './kit.ts'
import { agreesWithGets, inOrder, type Missed, missedBy, WAYS } from './missed.ts'
import { newWorld, type StreamWorld } from './world.ts'

// Coming back after having been away (CONTRACT §6), to the server of before and to another one.

const world = await newWorld()
const elsewhere: StreamWorld = await world.another()

let made = 0
async function scene(...names: string[]) {
  const community = `away-${++made}`
  const id = (name: string) => `${community}-${name}`
  await world.users(id('creator'), ...names.map(id))
  await world.community(community, id('creator'))
  for (const name of names) await world.member(community, id(name))
  const send = (from: string, to: string, content: string) => world.send(community, id(from), id(to), content)
  const remove = async (as: string, messageId: string) => {
    const answer = await world.ask('DELETE', `${messagesPath(community)}/${messageId}`, { as: id(as) })
    assert.equal(answer.status, 200)
  }
  const read = async (as: string, other: string, message_id: string) => {
    const path = `${messagesPath(community)}/${id(other)}/read`
    assert.equal((await world.ask('POST', path, { as: id(as), body: { message_id } })).status, 200)
  }
  /** The id of the last event that each has received, of a moment when all that was done before has been told long since. */
  const leave = async (...of: string[]): Promise<string[]> => {
    const streams = await Promise.all(of.map((name) => world.open(id(name))))
    await world.past(streams.map((stream, i) => ({ as: id(of[i] as string), stream })))
    return streams.map((stream) => stream.lastId)
  }
  /** Comes back in every way, to each server, and is told the same, which is what fresh GETs answer. */
  const back = async (name: string, since: string | undefined): Promise<Missed> => {
    const all: Missed[] = []
    for (const at of [world, elsewhere])
      for (const way of WAYS) all.push(await missedBy(at, id(name), since as string, way))
    for (const missed of all) {
      await agreesWithGets(world, id(name), missed)
      const told = (one: Missed) => one.events.slice(0, -1).map(({ event, data }) => [event, data])
      assert.deepEqual(told(missed), told(all[0] as Missed))
    }
    return all[0] as Missed
  }
  return { community, id, send, remove, read, leave, back }
}

const contents = ({ created }: Missed) => created.map(({ data }) => data.message.content)
const others = ({ changed }: Missed) => changed.map(({ data }) => data.user_id)

test('nothing has happened: ready', async () => {
  const { send, leave, back } = await scene('member')
  await send('creator', 'member', 'before')
  const [since] = await leave('member')
  const { events } = await back('member', since)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['ready'],
  )
})

test('messages that came and still stand, in the order of each conversation; then every conversation that changed', async () => {
  const { id, send, remove, read, leave, back } = await scene('one', 'two', 'three', 'four')
  const old = await send('creator', 'three', 'old')
  await send('creator', 'four', 'untouched')
  const [creator, one] = await leave('creator', 'one')
  for (const i of [1, 2, 3]) {
    await send('one', 'creator', `one ${i}`)
    await send('creator', 'two', `two ${i}`)
  }
  const gone = await send('one', 'creator', 'to be deleted')
  await remove('one', gone.id)
  await send('creator', 'one', 'one 4')
  await read('three', 'creator', old.id)
  const missed = await back('creator', creator)
  const of = (name: string) => contents(missed).filter((content) => content.startsWith(name))
  assert.deepEqual(of('one'), ['one 1', 'one 2', 'one 3', 'one 4'])
  assert.deepEqual(of('two'), ['two 1', 'two 2', 'two 3'])
  assert.equal(missed.created.length, 7)
  assert.deepEqual(others(missed).sort(), [id('one'), id('three'), id('two')])
  const theirs = await back('one', one)
  assert.deepEqual(contents(theirs), ['one 1', 'one 2', 'one 3', 'one 4'])
})

test('a last message deleted takes the conversation off the list: null, with what is left', async () => {
  const { send, remove, leave, back } = await scene('member')
  await send('creator', 'member', 'stays')
  const last = await send('member', 'creator', 'goes')
  const [creator, member] = await leave('creator', 'member')
  await remove('member', last.id)
  for (const [name, since] of [
    ['creator', creator],
    ['member', member],
  ] as const) {
    const missed = await back(name, since)
    assert.deepEqual(
      missed.changed.map(({ data }) => [data.conversation, data.total]),
      [[null, 1]],
    )
    assert.deepEqual(contents(missed), [])
  }
})

test('the only message deleted: null, and nothing left', async () => {
  const { send, remove, leave, back } = await scene('member')
  const only = await send('member', 'creator', 'goes')
  const [creator] = await leave('creator')
  await remove('member', only.id)
  const { changed } = await back('creator', creator)
  assert.deepEqual(
    changed.map(({ data }) => [data.conversation, data.total]),
    [[null, 0]],
  )
})

test('blocked while away: null and 0, whatever was said before the block; unblocked: as it was', async () => {
  const { community, id, send, leave, back } = await scene('member')
  await send('creator', 'member', 'hello')
  const [creator, member] = await leave('creator', 'member')
  await send('member', 'creator', 'said before the block')
  await world.block(community, id('member'))
  for (const [name, since] of [
    ['creator', creator],
    ['member', member],
  ] as const) {
    const missed = await back(name, since)
    assert.deepEqual(
      missed.changed.map(({ data }) => [data.conversation, data.total]),
      [[null, 0]],
    )
    assert.deepEqual(contents(missed), [])
  }
  const [later] = await leave('member')
  await world.unblock(community, id('member'))
  const shown = await back('member', later)
  assert.deepEqual(
    shown.changed.map(({ data }) => [data.conversation?.unread_count, data.total]),
    [[0, 2]],
  )
  // Whoever was away for all of it gets what was said as well.
  assert.deepEqual(contents(await back('creator', creator)), ['said before the block'])
})

test('a block tells of nobody to whom there was never a word', async () => {
  const { community, id, leave, back } = await scene('member', 'next')
  await world.community(community, id('next'))
  const [member, creator] = await leave('member', 'creator')
  await world.block(community, id('member'))
  await world.unblock(community, id('member'))
  assert.deepEqual((await back('member', member)).changed, [])
  assert.deepEqual((await back('creator', creator)).changed, [])
})

test('a membership that ended, a name that changed: the former member sees it too', async () => {
  const { community, id, send, leave, back } = await scene('member')
  await send('creator', 'member', 'hello')
  const before = await leave('creator', 'member')
  await world.member(community, id('member'), 'canceled')
  for (const [i, name] of ['creator', 'member'].entries()) {
    const { changed } = await back(name, before[i])
    assert.deepEqual(
      changed.map(({ data }) => data.conversation?.cannot_send_reason),
      ['membership_ended'],
    )
  }
  const ended = await leave('creator', 'member')
  await world.user(id('member'), { username: 'a new name' })
  const { changed } = await back('creator', ended[0])
  assert.deepEqual(
    changed.map(({ data }) => data.conversation?.user.username),
    ['a new name'],
  )
  assert.equal((await back('member', ended[1])).changed.length, 1)
  const renamed = await leave('creator', 'member')
  await world.member(community, id('member'), 'active')
  for (const [i, name] of ['creator', 'member'].entries()) {
    const again = await back(name, renamed[i])
    assert.deepEqual(
      again.changed.map(({ data }) => data.conversation?.can_send),
      [true],
    )
  }
})

test('the other was erased: their name and texts are gone', async () => {
  const { id, send, leave, back } = await scene('member')
  await send('member', 'creator', 'a secret')
  const [creator] = await leave('creator')
  await send('member', 'creator', 'another one')
  await world.erase(id('member'))
  const missed = await back('creator', creator)
  assert.deepEqual(
    missed.changed.map(({ data }) => data.conversation?.user.username),
    ['deleted'],
  )
  assert.deepEqual(contents(missed), [''])
})

test('a community that changed hands, a creator who was renamed: resync', async () => {
  const { community, id, send, leave, back } = await scene('member', 'next', 'silent')
  await send('creator', 'member', 'hello')
  const before = await leave('creator', 'member', 'next', 'silent')
  await world.user(id('creator'), { username: 'renamed' })
  for (const [i, name] of ['creator', 'member', 'silent'].entries())
    assert.ok((await back(name, before[i])).resync)
  const renamed = await leave('creator', 'member', 'next')
  await world.community(community, id('next'))
  for (const [i, name] of ['creator', 'member', 'next'].entries())
    assert.ok((await back(name, renamed[i])).resync)
})

test('a cursor that is none, of another installation, too old or of the future: one resync, then ready', async () => {
  const { id, leave, back } = await scene('member')
  const [own = ''] = await leave('member')
  assert.ok(!(await back('member', own)).resync)
  const [installation = '', until = '', count] = own.split('-')
  const at = (ms: number) =>
    `${installation}-${(Number.parseInt(until, 36) + ms * 1_000).toString(36)}-${count}`
  const day = 86_400_000
  const other = `${installation.split('').toReversed().join('')}x`.slice(-6)
  for (const since of [
    'x',
    '1',
    '-',
    `${other}-${until}-${count}`,
    `${installation}-${until}`,
    `${own}-1`,
    ` ${own}.`,
    at(-8 * day),
    at(day),
    `${installation}-0-1`,
    'x'.repeat(2_000),
  ]) {
    const missed = await back('member', since)
    assert.ok(missed.resync, since)
  }
  assert.ok(!(await missedBy(world, id('member'), at(-6 * day))).resync, 'six days are not too old')
  for (const way of WAYS) {
    const { events } = await missedBy(world, id('member'), '', way)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['ready'],
      'no cursor at all',
    )
  }
})

test('the id of any event is a good cursor, also of those that came while catching up', async () => {
  const { community, id, send, remove, read, leave } = await scene('one', 'two')
  const [since] = await leave('creator')
  const away = [await send('one', 'creator', 'away 1'), await send('two', 'creator', 'away 2')]
  const stream = await world.open(id('creator'), { since })
  await stream.through('ready')
  const other = await world.open(id('creator'), { transport: 'websocket' })
  await send('creator', 'one', 'live 1')
  await read('creator', 'two', away[1]?.id as string)
  await world.member(community, id('two'), 'past_due')
  const gone = await send('one', 'creator', 'live 2')
  await remove('one', gone.id)
  await send('one', 'creator', 'live 3')
  await world.block(community, id('two'))
  await world.settled([
    { as: id('creator'), stream },
    { as: id('creator'), stream: other },
  ])
  for (const { received } of [stream, other]) {
    for (const [i, { id: cursor }] of received.entries()) {
      const missed = await missedBy(world, id('creator'), cursor)
      await agreesWithGets(world, id('creator'), missed)
      coversWhatFollowed(missed, received.slice(i + 1), gone.id)
    }
  }
})

test('whoever is cut off in the middle of catching up is told all of it when they come back', async () => {
  const { id, send, leave } = await scene('one', 'two')
  const [since] = await leave('creator')
  await send('one', 'creator', 'away 1')
  await send('one', 'creator', 'away 2')
  await send('two', 'creator', 'away 3')
  // Long enough ago that no margin tells it again.
  await leave('one')
  const stream = await world.open(id('creator'), { since })
  const events = await stream.through('ready')
  assert.deepEqual(contents(inOrder(events)), ['away 1', 'away 2', 'away 3'])
  for (const { event, id: cursor } of events) {
    const again = await missedBy(world, id('creator'), cursor)
    assert.equal(again.events.length, event === 'ready' ? 1 : events.length, event)
  }
})

/** Whatever came after the cursor on the stream that went on is told to whoever comes back with it. */
function coversWhatFollowed(missed: Missed, followed: readonly Received[], gone: string): void {
  for (const { event, data } of followed) {
    if (event === 'ready') continue
    const { community_id } = data as { community_id: string }
    assert.ok(
      missed.changed.some((one) => one.data.community_id === community_id),
      event,
    )
    if (event !== 'message.created') continue
    const { message, conversation } = data as Received<'message.created'>['data']
    const hidden = missed.changed.some(
      (one) => one.data.user_id === conversation.user.id && one.data.conversation === null,
    )
    if (message.id !== gone && !hidden)
      assert.ok(missed.created.some((one) => one.data.message.id === message.id))
  }
}
