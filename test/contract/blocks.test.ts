import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answered, membersPath, messagesPath, newContract, personOf, told } from './client.ts'

// "A block is one switch for everything at once" (CONTRACT §4), and unblocking brings everything back as it was.

const snug = await newContract()
await snug.users('ada', 'bob', 'fay', 'host-creator')
await snug.community('c', 'ada')
await snug.member('c', 'bob')
await snug.member('c', 'fay')
await snug.send('c', 'fay', 'ada', 'from another')
await snug.send('c', 'ada', 'bob', 'one')
await snug.send('c', 'bob', 'ada', 'two')
const last = await snug.send('c', 'bob', 'ada', 'three')

const ends = [
  ['ada', 'bob'],
  ['bob', 'ada'],
] as const

/** Everything that the two can see of each other. */
async function view(): Promise<unknown> {
  const seen: unknown[] = []
  for (const [as, other] of ends) {
    seen.push(told(await snug.list(as, 'c')), told(await snug.list(as, 'c', { filter: 'unread' })))
    seen.push(
      told(await snug.list(as, 'c', { filter: 'awaiting_reply' })),
      told(await snug.list(as, 'c', { q: 'name' })),
    )
    seen.push(
      told(await snug.thread(as, 'c', other)),
      told(await snug.thread(as, 'c', other, { page: 'last' })),
    )
  }
  return seen
}
const totals = async () => {
  const asked = ends.map(([as]) => snug.list(as, 'c'))
  return (await Promise.all(asked)).map((answer) => answer.body.total)
}
const communities = async (as: string) =>
  (await snug.ask('GET', '/api/v1/communities', { as })).body.data.map(
    (one: { id: string; unread_count: number }) => [one.id, one.unread_count],
  )
const blockAs = async (
  by: 'creator' | 'host',
  verb: 'block' | 'unblock',
  user = 'bob',
): Promise<Answered> => {
  const host = `/service/v1/communities/c/members/${user}/${verb}`
  if (by === 'host') return snug.ask('POST', host, { service: true })
  return snug.ask('POST', `${membersPath('c')}/${user}/${verb}`, { as: 'ada' })
}

for (const by of ['creator', 'host'] as const) {
  test(`a block by the ${by} hides it all from both, and the unblock brings it back as it was`, async () => {
    await snug.member('c', 'bob', 'past_due')
    const before = await view()
    assert.deepEqual(await totals(), [2, 1])
    assert.deepEqual(await communities('ada'), [['c', 3]])
    assert.equal((await blockAs(by, 'block')).status, 200)
    assert.deepEqual(await totals(), [1, 0])
    for (const [as, other] of ends) {
      for (const query of [{}, { filter: 'unread' }, { filter: 'awaiting_reply' }, { q: 'name' }] as Record<
        string,
        string
      >[]) {
        const ids = (await snug.list(as, 'c', query)).body.data.map(
          (one: { user: { id: string } }) => one.user.id,
        )
        assert.ok(!ids.includes(other), `${as} ${JSON.stringify(query)}`)
      }
      assert.deepEqual(told(await snug.thread(as, 'c', other)), {
        status: 403,
        body: { message: ['You cannot view messages with this user'] },
      })
      const body = { recipient_id: other, content: 'hello?' }
      assert.equal((await snug.ask('POST', messagesPath('c'), { as, body })).status, 403)
      assert.equal((await snug.ask('DELETE', `${messagesPath('c')}/${last.id}`, { as })).status, 403)
      const mark = { message_id: last.id }
      assert.equal(
        (await snug.ask('POST', `${messagesPath('c')}/${other}/read`, { as, body: mark })).status,
        403,
      )
    }
    assert.deepEqual(await communities('ada'), [['c', 1]], 'what is hidden is not unread')
    assert.deepEqual(await communities('bob'), [], 'blocked communities are left out')
    // Nothing that the host tells meanwhile lifts it.
    await snug.member('c', 'bob', 'active')
    assert.deepEqual(await totals(), [1, 0])
    assert.equal((await blockAs(by, 'unblock')).status, 200)
    await snug.member('c', 'bob', 'past_due')
    assert.deepEqual(await view(), before)
    assert.deepEqual(await communities('ada'), [['c', 3]])
    assert.deepEqual(await communities('bob'), [['c', 0]])
  })
}

test('blocking sets the status to canceled, and unblocking does not set it back', async () => {
  await snug.member('c', 'bob', 'active')
  await blockAs('creator', 'block')
  await blockAs('creator', 'unblock')
  const { body } = await snug.ask('GET', `${membersPath('c')}/bob`, { as: 'ada' })
  assert.deepEqual([body.status, body.is_blocked], ['canceled', false])
  const sent = { recipient_id: 'ada', content: 'may I?' }
  assert.equal((await snug.ask('POST', messagesPath('c'), { as: 'bob', body: sent })).status, 403)
  await snug.member('c', 'bob', 'active')
  assert.equal((await snug.ask('POST', messagesPath('c'), { as: 'bob', body: sent })).status, 201)
})

test('a conversation that was off the list comes back off the list', async () => {
  await snug.users('gus')
  await snug.member('c', 'gus')
  await snug.send('c', 'gus', 'ada', 'kept')
  const { id } = await snug.send('c', 'gus', 'ada', 'deleted')
  await snug.ask('DELETE', `${messagesPath('c')}/${id}`, { as: 'gus' })
  const before = await totals()
  await blockAs('creator', 'block', 'gus')
  assert.deepEqual(await totals(), before)
  await blockAs('creator', 'unblock', 'gus')
  assert.deepEqual(await totals(), before)
  assert.equal((await snug.list('gus', 'c')).body.total, 0)
  assert.equal((await snug.thread('gus', 'c', 'ada')).body.total, 1)
  await snug.member('c', 'gus', 'active')
  await snug.send('c', 'ada', 'gus', 'back')
  assert.equal((await snug.list('gus', 'c')).body.total, 1)
})

test('blocked before a word was said: the first message afterwards starts the conversation', async () => {
  await snug.users('ivy')
  await snug.member('c', 'ivy')
  await blockAs('creator', 'block', 'ivy')
  const had = await totals()
  await blockAs('creator', 'unblock', 'ivy')
  assert.deepEqual(await totals(), had)
  assert.deepEqual((await snug.list('ivy', 'c')).body, { total: 0, has_more: false, data: [] })
  await snug.member('c', 'ivy', 'active')
  await snug.send('c', 'ivy', 'ada', 'first')
  const [conversation] = (await snug.list('ivy', 'c')).body.data
  assert.deepEqual(conversation.user, personOf('ada'))
})

test('of many blocks at once one is the first, and the others are told', async () => {
  for (const [verb, words] of [
    ['block', 'User is already blocked'],
    ['unblock', 'User is not blocked'],
  ] as const) {
    const answers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => blockAs(n % 2 ? 'creator' : 'host', verb, 'fay')),
    )
    assert.equal(answers.filter((one) => one.status === 200).length, 1)
    for (const one of answers)
      if (one.status !== 200) assert.deepEqual(told(one), { status: 422, body: { message: words } })
  }
})

test('a block against sends: what was answered 201 is there when it is lifted, and nothing else', async () => {
  await snug.users('kim')
  for (let round = 0; round < 8; round++) {
    await snug.member('c', 'kim', 'active')
    const had = (await snug.thread('ada', 'c', 'kim')).body.total
    const sends = Array.from({ length: 12 }, (_, i) => {
      const body = { recipient_id: i % 2 ? 'kim' : 'ada', content: `${round} ${i}` }
      return snug.ask('POST', messagesPath('c'), { as: i % 2 ? 'ada' : 'kim', body })
    })
    const block = snug.ask('POST', `${membersPath('c')}/kim/block`, { as: 'ada' })
    const more = Array.from({ length: 12 }, (_, i) =>
      snug.ask('POST', messagesPath('c'), {
        as: 'kim',
        body: { recipient_id: 'ada', content: `${round} late ${i}` },
      }),
    )
    const answers = await Promise.all([...sends, ...more])
    assert.equal((await block).status, 200)
    assert.equal((await snug.thread('ada', 'c', 'kim')).status, 403)
    await snug.unblock('c', 'kim')
    const accepted = answers.filter((one) => one.status === 201).length
    assert.equal((await snug.thread('ada', 'c', 'kim')).body.total, had + accepted)
    for (const one of answers) assert.ok([201, 403].includes(one.status), one.text)
  }
})
