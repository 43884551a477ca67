import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, type SentMessage, told } from './client.ts'

// POST …/messages/:user_id/read (CONTRACT §3).

const snug = await newContract()
await snug.users('ada', 'eve')
await snug.community('c', 'ada')
let people = 0

async function talk(...from: ('ada' | 'member')[]): Promise<{ member: string; said: SentMessage[] }> {
  const member = `m${++people}`
  await snug.users(member)
  await snug.member('c', member)
  const said: SentMessage[] = []
  for (const [i, who] of from.entries()) {
    const [a, b] = who === 'ada' ? ['ada', member] : [member, 'ada']
    said.push(await snug.send('c', a as string, b as string, `number ${i + 1}`))
  }
  return { member, said }
}

const mark = (as: string, other: string, body: unknown) =>
  snug.ask('POST', `${messagesPath('c')}/${other}/read`, { as, body })
const unread = async (as: string, other: string) => {
  const { body } = await snug.list(as, 'c', { per_page: '100' })
  return body.data.find((one: { user: { id: string } }) => one.user.id === other).unread_count
}

test('up to and with the message, for the caller alone', async () => {
  const { member, said } = await talk('ada', 'member', 'member', 'member', 'member')
  assert.equal(await unread('ada', member), 4)
  const answer = await mark('ada', member, { message_id: said[2]?.id })
  assert.deepEqual(told(answer), { status: 200, body: { unread_count: 2 } })
  assert.equal(await unread('ada', member), 2)
  assert.equal(await unread(member, 'ada'), 0)
  assert.deepEqual((await mark('ada', member, { message_id: said[4]?.id })).body, { unread_count: 0 })
  assert.equal(await unread('ada', member), 0)
})

test('it never moves backwards', async () => {
  const { member, said } = await talk('member', 'member', 'member')
  await mark('ada', member, { message_id: said[1]?.id })
  for (const one of [said[0], said[1]]) {
    assert.deepEqual((await mark('ada', member, { message_id: one?.id })).body, { unread_count: 1 })
    assert.equal(await unread('ada', member), 1)
  }
  // The caller's own message is as good a mark.
  const own = await snug.send('c', 'ada', member, 'mine')
  await snug.send('c', member, 'ada', 'theirs')
  assert.deepEqual((await mark('ada', member, { message_id: own.id })).body, { unread_count: 1 })
})

test('sending marks everything before it read', async () => {
  const { member } = await talk('member', 'member', 'member')
  assert.equal(await unread('ada', member), 3)
  await snug.send('c', 'ada', member, 'seen')
  assert.equal(await unread('ada', member), 0)
  assert.equal(await unread(member, 'ada'), 1)
})

test('many sends at once, from both sides, leave the counts that the order of the thread says', async () => {
  const { member } = await talk('ada')
  const sends = Array.from({ length: 40 }, (_, i) =>
    i % 3 === 0 ? snug.send('c', member, 'ada', `${i}`) : snug.send('c', 'ada', member, `${i}`),
  )
  await Promise.all(sends)
  const { body } = await snug.thread('ada', 'c', member, { per_page: '100' })
  const senders = body.data.map((one: SentMessage) => one.sender.id)
  assert.equal(await unread('ada', member), senders.length - 1 - senders.lastIndexOf('ada'))
  assert.equal(await unread(member, 'ada'), senders.length - 1 - senders.lastIndexOf(member))
})

test('what is left after a deletion can be marked, the conversation off the list or not', async () => {
  const { member, said } = await talk('member', 'member', 'member')
  await snug.ask('DELETE', `${messagesPath('c')}/${said[2]?.id}`, { as: member })
  assert.deepEqual((await mark('ada', member, { message_id: said[0]?.id })).body, { unread_count: 1 })
  await snug.send('c', member, 'ada', 'again')
  assert.equal(await unread('ada', member), 2)
})

test('an id that is not in the thread: 422', async () => {
  const { member, said } = await talk('member')
  const { said: others } = await talk('ada')
  const gone = await snug.send('c', 'ada', member, 'gone')
  await snug.ask('DELETE', `${messagesPath('c')}/${gone.id}`, { as: 'ada' })
  const never = ['01a203e0-09e9-727d-8a69-7cce79def710', 'x', '', '\u0000', `${said[0]?.id.slice(1)}`]
  for (const id of [`${others[0]?.id}`, gone.id, ...never]) {
    const answer = await mark('ada', member, { message_id: id })
    assert.deepEqual(told(answer), { status: 422, body: { message: ['Message is not in this thread'] } }, id)
  }
})

test('faults of the body: 422, before the permission', async () => {
  const { member } = await talk('member')
  for (const as of ['ada', 'eve']) {
    for (const body of [{}, { message_id: null }, [], 'x', { id: 'x' }])
      assert.deepEqual(told(await mark(as, member, body)), {
        status: 422,
        body: { message: ["Message can't be blank"] },
      })
    for (const message_id of [5, true, ['x'], {}])
      assert.deepEqual(told(await mark(as, member, { message_id })), {
        status: 422,
        body: { message: ['Message is invalid'] },
      })
  }
})

test('permission as for reading the thread', async () => {
  const { member, said } = await talk('member', 'member')
  const { member: other } = await talk('ada')
  const view = { status: 403, body: { message: ['You cannot view messages with this user'] } }
  const body = { message_id: said[0]?.id }
  assert.deepEqual(told(await mark('eve', member, body)), view)
  assert.deepEqual(told(await mark(other, member, body)), view)
  assert.deepEqual(told(await mark('ada', 'ada', body)), view)
  assert.deepEqual(told(await mark('ada', 'conversations', body)), view)
  await snug.block('c', member)
  assert.deepEqual(told(await mark('ada', member, body)), view)
  assert.deepEqual(told(await mark(member, 'ada', body)), view)
  await snug.unblock('c', member)
  // Unblocked, but the membership has ended: it can still be read, and marked.
  assert.deepEqual((await mark('ada', member, body)).body, { unread_count: 1 })
})

test('an id is taken in upper case too', async () => {
  const { member, said } = await talk('member')
  assert.deepEqual((await mark('ada', member, { message_id: said[0]?.id.toUpperCase() })).body, {
    unread_count: 0,
  })
})

const marks = (as: string, other: string, community = 'c') =>
  snug.ask('GET', `${messagesPath(community)}/${other}/read`, { as })
const NONE = { unread_count: 0, message_id: null, position: 0, other_message_id: null, other_position: 0 }

test('how far both have read is told to both, each from their own side', async () => {
  const { member, said } = await talk('member', 'member', 'ada', 'member')
  const [, second, third, fourth] = said.map(({ id }) => id)
  assert.deepEqual((await marks('ada', member)).body, {
    ...{ unread_count: 1, message_id: third, position: 3, other_message_id: fourth, other_position: 4 },
  })
  assert.deepEqual((await marks(member, 'ada')).body, {
    ...{ unread_count: 0, message_id: fourth, position: 4, other_message_id: third, other_position: 3 },
  })
  await mark('ada', member, { message_id: fourth })
  assert.equal((await marks(member, 'ada')).body.other_message_id, fourth)
  // What was read and has been deleted is read no more than what is left.
  await snug.ask('DELETE', `${messagesPath('c')}/${fourth}`, { as: member })
  await snug.ask('DELETE', `${messagesPath('c')}/${third}`, { as: 'ada' })
  assert.deepEqual((await marks('ada', member)).body, {
    ...{ unread_count: 0, message_id: second, position: 2, other_message_id: second, other_position: 2 },
  })
})

test('the marks may be seen by whoever may read the thread, and are answered like it', async () => {
  const { member } = await talk()
  assert.deepEqual((await marks('ada', member)).body, NONE)
  const { member: blocked } = await talk('member')
  await snug.block('c', blocked)
  await snug.users('stranger')
  const cases = [
    ['ada', blocked],
    [blocked, 'ada'],
    ['ada', 'ada'],
    ['ada', 'eve'],
    ['ada', 'nobody'],
    [member, 'eve'],
    ['stranger', 'ada'],
  ] as const
  for (const [as, other] of cases) {
    const [seen, thread] = [await marks(as, other), await snug.thread(as, 'c', other)]
    assert.equal(seen.status, 403)
    assert.deepEqual([seen.status, seen.text], [thread.status, thread.text], `${as} ${other}`)
  }
  const elsewhere = await marks('ada', member, 'nowhere')
  assert.deepEqual(told(elsewhere), told(await snug.thread('ada', 'nowhere', member)))
})
