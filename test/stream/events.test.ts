import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath } from '../contract/client.ts'
import { type Chorus, newWorld } from './world.ts'

// Every row of CONTRACT §6's table, on both transports, at the server where it happens and at another one: the same events everywhere.

const world = await newWorld({ servers: 2 })

let made = 0
/** A community of its own for each test, with a creator and members who have streams. */
async function scene(...names: string[]) {
  const community = `scene-${++made}`
  const id = (name: string) => `${community}-${name}`
  await world.users(id('creator'), ...names.map(id))
  await world.community(community, id('creator'))
  for (const name of names) await world.member(community, id(name))
  const open = async <Names extends string[]>(...names: Names) =>
    (await world.openAll(...names.map(id))) as { [Name in keyof Names]: Chorus }
  const send = (from: string, to: string, content: string) => world.send(community, id(from), id(to), content)
  const entry = async (name: string, other: string) => {
    const { body } = await world.list(id(name), community)
    return body.data.find((one: { user: { id: string } }) => one.user.id === id(other))
  }
  const thread = async (name: string, other: string) =>
    (await world.thread(id(name), community, id(other))).body
  const post = (as: string, path: string, body?: object) =>
    world.ask('POST', `${messagesPath(community)}/${path}`, { as: id(as), ...(body && { body }) })
  const remove = async (as: string, messageId: string) => {
    const answer = await world.ask('DELETE', `${messagesPath(community)}/${messageId}`, { as: id(as) })
    assert.equal(answer.status, 200)
  }
  return { community, id, open, send, entry, thread, post, remove }
}

test('a new stream is told that it is ready, and nothing else', async () => {
  const { id, open, send } = await scene('member')
  await send('creator', 'member', 'before')
  await open('member')
  const before = Math.floor(Date.now() / 1_000)
  for (const transport of ['sse', 'websocket'] as const) {
    const stream = await world.open(id('member'), { transport })
    const { data } = await stream.next('ready')
    assert.equal(data.user_id, id('member'))
    const at = Date.parse(data.server_time) / 1_000
    assert.ok(at >= before && at <= Date.now() / 1_000, data.server_time)
    await world.nothing({ as: id('member'), stream })
  }
})

test('message.created: both participants, on all their devices, with what fresh GETs answer', async () => {
  const { community, open, send, entry, thread } = await scene('member', 'other')
  const [creator, member, other] = await open('creator', 'member', 'other')
  let order = 0
  for (const [i, from] of ['member', 'creator', 'member', 'member'].entries()) {
    const message = await send(from, from === 'member' ? 'creator' : 'member', `message ${i + 1}\n\u2028 ✓`)
    for (const [name, streams] of [
      ['creator', creator],
      ['member', member],
    ] as const) {
      const { data } = await streams.next('message.created')
      const they = name === 'creator' ? 'member' : 'creator'
      assert.deepEqual(data.conversation, await entry(name, they))
      assert.deepEqual(data.message, (await thread(name, they)).data.at(-1))
      assert.deepEqual(data.message, message)
      assert.deepEqual([data.community_id, data.position], [community, i + 1])
      if (name === 'creator') assert.ok(data.order > order)
      order = data.order
    }
  }
  await world.nothing(creator, member, other)
})

test('message.deleted, and the next message, which brings the conversation back', async () => {
  const { community, id, open, send, entry, thread, remove } = await scene('member')
  const [creator, member] = await open('creator', 'member')
  const first = await send('creator', 'member', 'first')
  const second = await send('creator', 'member', 'second')
  for (const streams of [creator, member]) await streams.burst('message.created', 2)
  const conversation = await entry('member', 'creator')
  const told = async (messageId: string, total: number) => {
    for (const [streams, other] of [
      [creator, 'member'],
      [member, 'creator'],
    ] as const) {
      const { data } = await streams.next('message.deleted')
      const named = { community_id: community, conversation_id: conversation.id, user_id: id(other) }
      assert.deepEqual(data, { ...named, message_id: messageId, total })
      assert.equal((await thread(other === 'member' ? 'creator' : 'member', other)).total, total)
    }
  }
  await remove('creator', second.id)
  await told(second.id, 1)
  const third = await send('member', 'creator', 'third')
  for (const streams of [creator, member]) {
    const { data } = await streams.next('message.created')
    assert.deepEqual([data.position, data.conversation.id, data.message.id], [2, conversation.id, third.id])
  }
  await remove('member', third.id)
  await told(third.id, 1)
  await remove('creator', first.id)
  await told(first.id, 0)
  const fourth = await send('creator', 'member', 'fourth')
  for (const streams of [creator, member]) {
    const { data } = await streams.next('message.created')
    assert.deepEqual([data.position, data.message.id], [1, fourth.id])
    assert.notEqual(data.conversation.id, conversation.id, 'it begins anew')
  }
  assert.equal((await entry('member', 'creator')).latest_message.id, fourth.id)
  await world.nothing(creator, member)
})

test('conversation.read: who has read up to where, told to both, each with their own count', async () => {
  const { community, id, open, send, entry, post } = await scene('member')
  const sent = []
  for (let i = 0; i < 3; i++) sent.push(await send('creator', 'member', `message ${i}`))
  const [creator, member] = await open('creator', 'member')
  const conversation = await entry('member', 'creator')
  const read = async (messageId: string) => {
    const answer = await post('member', `${id('creator')}/read`, { message_id: messageId })
    assert.equal(answer.status, 200)
  }
  for (const [i, unread] of [
    [0, 2],
    [2, 0],
  ] as const) {
    await read(sent[i]?.id as string)
    for (const [name, streams] of [
      ['creator', creator],
      ['member', member],
    ] as const) {
      const { data } = await streams.next('conversation.read')
      assert.deepEqual(data, {
        community_id: community,
        conversation_id: conversation.id,
        user_id: id('member'),
        message_id: sent[i]?.id,
        unread_count: name === 'member' ? unread : 0,
      })
    }
    assert.equal((await entry('member', 'creator')).unread_count, unread)
  }
  // It never moves backwards, and what is read already is not told again.
  await read(sent[1]?.id as string)
  await world.nothing(creator, member)
})

test('conversation.hidden and conversation.shown: a block is told to both, and nothing more until it ends', async () => {
  const { community, id, open, send, entry } = await scene('member')
  await send('creator', 'member', 'hello')
  const [creator, member] = await open('creator', 'member')
  const conversation = await entry('member', 'creator')
  const told = async (event: 'conversation.hidden' | 'conversation.shown') => {
    for (const [streams, other] of [
      [creator, 'member'],
      [member, 'creator'],
    ] as const) {
      const { data } = await streams.next(event)
      assert.deepEqual(data, {
        community_id: community,
        conversation_id: conversation.id,
        user_id: id(other),
      })
    }
  }
  await world.block(community, id('member'))
  await told('conversation.hidden')
  // Changes that nobody could fetch: the host renames the one, and tells of the other's membership.
  await world.user(id('member'), { username: 'renamed' })
  await world.member(community, id('member'), 'active')
  await world.nothing(creator, member)
  await world.unblock(community, id('member'))
  await told('conversation.shown')
  await world.nothing(creator, member)
})

test('typing: the other side alone, once in 3 seconds for each pair, stored nowhere', async () => {
  const { community, id, open, post } = await scene('member', 'second')
  const [creator, member, second] = await open('creator', 'member', 'second')
  const type = async (as: string, to: string) => {
    const { status, text } = await post(as, `${id(to)}/typing`)
    assert.deepEqual([status, text], [204, ''])
  }
  const rows = async () => {
    const tables = await world.snug.db.query<{ name: string }>({
      name: 'test.tables',
      text: `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
    })
    const counts = tables.map(({ name }) => `select '${name}', count(*) from ${name}`).join(' union all ')
    return world.snug.db.query({ name: 'test.counts', text: counts })
  }
  await world.nothing(creator, member, second)
  const before = await rows()
  for (let i = 0; i < 5; i++) await type('member', 'creator')
  await type('second', 'creator')
  const now = Date.now()
  const events = [await creator.next('typing'), await creator.next('typing')]
  assert.deepEqual(
    events.map(({ data }) => data.user_id),
    [id('member'), id('second')],
  )
  for (const { data } of events) {
    assert.equal(data.community_id, community)
    const holds = Date.parse(data.expires_at) - now
    assert.ok(holds > 3_000 && holds < 8_000, `${holds} ms`)
  }
  await type('creator', 'member')
  assert.equal((await member.next('typing')).data.user_id, id('creator'))
  assert.deepEqual(await rows(), before)
  await world.nothing(creator, member, second)
  for (const [path, status, body] of [
    [`${messagesPath('no-such')}/${id('creator')}/typing`, 404, { message: 'Not Found' }],
    [
      `${messagesPath(community)}/${id('second')}/typing`,
      403,
      { message: ['You cannot send messages to this user'] },
    ],
  ] as const) {
    const answer = await world.ask('POST', path, { as: id('member') })
    assert.deepEqual([answer.status, answer.body], [status, body])
  }
})

/** Both hear that the conversation is now as a fresh list has it. */
async function updated(
  { community, id, entry, thread }: Awaited<ReturnType<typeof scene>>,
  creator: Chorus,
  member: Chorus,
): Promise<void> {
  for (const [streams, name, other] of [
    [creator, 'creator', 'member'],
    [member, 'member', 'creator'],
  ] as const) {
    const { data } = await streams.next('conversation.updated')
    const { order, ...told } = data
    assert.deepEqual(told, {
      community_id: community,
      user_id: id(other),
      conversation: (await entry(name, other)) ?? null,
      total: (await thread(name, other)).total,
    })
    assert.ok(order > 0)
  }
}

test('conversation.updated: a membership ends and begins again, a name changes', async () => {
  const all = await scene('member')
  const { community, id, open, send } = all
  await send('creator', 'member', 'hello')
  const [creator, member] = await open('creator', 'member')
  await world.member(community, id('member'), 'canceled')
  await updated(all, creator, member)
  await world.member(community, id('member'), 'trialing')
  await updated(all, creator, member)
  await world.user(id('member'), { username: 'somebody new', avatar_url: 'https://pictures.test/1.png' })
  await updated(all, creator, member)
  // The host tells of the same at every sign-in: that is no change.
  await world.user(id('member'), { username: 'somebody new', avatar_url: 'https://pictures.test/1.png' })
  await world.member(community, id('member'), 'trialing')
  await world.nothing(creator, member)
})

test('conversation.updated: the other is erased, and their own streams end', async () => {
  const all = await scene('member')
  const { id, open, send, entry, thread } = all
  await send('member', 'creator', 'a secret')
  const [creator, member] = await open('creator', 'member')
  await world.erase(id('member'))
  for (const stream of member.streams) {
    const { code, reason } = await stream.ended
    if (stream.transport === 'websocket') assert.deepEqual([code, reason], [4401, 'Unknown User'])
  }
  // Once for the mark, once for the texts, which come later.
  await creator.next('conversation.updated')
  const { data } = await creator.next('conversation.updated')
  assert.deepEqual(data.conversation, await entry('creator', 'member'))
  assert.deepEqual(
    [data.conversation?.user.username, data.conversation?.latest_message.content],
    ['deleted', ''],
  )
  assert.equal(data.total, (await thread('creator', 'member')).total)
  await world.nothing(creator)
})

test('resync: a community that changes hands, and its creator renamed, start everybody concerned over', async () => {
  const { community, id, open, send } = await scene('member', 'silent')
  const elsewhere = await scene('member')
  await send('creator', 'member', 'hello')
  const concerned = await open('creator', 'member', 'silent')
  const [outsider] = await elsewhere.open('member')
  await world.user(id('creator'), { username: 'renamed' })
  for (const streams of concerned) assert.deepEqual((await streams.next('resync')).data, {})
  await world.users(id('next'))
  const [next] = await open('next')
  await world.community(community, id('next'))
  for (const streams of [...concerned, next]) await streams.next('resync')
  await world.nothing(...concerned, next, outsider)
})

test('two servers that hear of many changes of one conversation tell them in one order', async () => {
  const { id, open, send, thread, remove } = await scene('member')
  const [creator, member] = await open('creator', 'member')
  const sent = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      send(i % 2 ? 'creator' : 'member', i % 2 ? 'member' : 'creator', `${i}`),
    ),
  )
  for (const streams of [creator, member]) {
    const { data } = await thread('creator', 'member')
    for (const events of await streams.burst('message.created', sent.length)) {
      assert.deepEqual(
        events.map(({ message, position }) => [message, position]),
        data.map((message: object, i: number) => [message, i + 1]),
      )
    }
  }
  const last = (await thread('member', 'creator')).data.at(-1)
  await remove(last.sender.id === id('member') ? 'member' : 'creator', last.id)
  for (const streams of [creator, member])
    assert.equal((await streams.next('message.deleted')).data.total, 19)
  await world.nothing(creator, member)
})
