import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, type SentMessage, told } from './client.ts'

// DELETE …/messages/:id: its table and what follows from a deletion (CONTRACT §3).

const snug = await newContract()
await snug.users('ada', 'eve')
await snug.community('c', 'ada')
let people = 0

/** A member of their own for each test, and what was said. */
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

const del = (as: string, id: string | undefined) => snug.ask('DELETE', `${messagesPath('c')}/${id}`, { as })
const refusal = (status: number, message: string) => ({ status, body: { message } })
const listed = async (as: string, other: string) => {
  const { body } = await snug.list(as, 'c', { per_page: '100' })
  assert.equal(body.total, body.data.length)
  return body.data.find((one: { user: { id: string } }) => one.user.id === other)
}
const contents = async (as: string, other: string) => {
  const { body } = await snug.thread(as, 'c', other)
  assert.equal(body.total, body.data.length)
  return body.data.map((one: SentMessage) => one.content)
}

test('200, and the message has gone for both', async () => {
  const { member, said } = await talk('ada', 'member')
  assert.deepEqual(told(await del(member, said[1]?.id)), refusal(200, 'Message deleted successfully'))
  for (const [as, other] of [
    ['ada', member],
    [member, 'ada'],
  ] as const)
    assert.deepEqual(await contents(as, other), ['number 1'])
  assert.deepEqual(told(await del(member, said[1]?.id)), refusal(404, 'Not Found'), 'once')
})

test('404: no such message, or no UUID, or one of another community', async () => {
  await talk('ada')
  for (const id of [
    '01a203e0-09e9-727d-8a69-7cce79def710',
    'x',
    '0',
    '01a203e0-09e9-727d-8a69-7cce79def71',
    '%00',
    'conversations',
  ])
    for (const as of ['ada', 'eve']) assert.deepEqual(told(await del(as, id)), refusal(404, 'Not Found'), id)
})

test('an id is taken in upper case too', async () => {
  const { said } = await talk('ada')
  assert.equal((await del('ada', said[0]?.id.toUpperCase())).status, 200)
})

test('403: not in a conversation of the caller’s', async () => {
  const { said } = await talk('ada', 'member')
  const { member: other } = await talk('ada')
  for (const as of [other, 'eve'])
    for (const one of said)
      assert.deepEqual(told(await del(as, one.id)), refusal(403, 'You do not have access to this message'))
})

test('403: in a conversation hidden by a block, to both, and to be deleted when it is back', async () => {
  const { member, said } = await talk('ada', 'member')
  await snug.block('c', member)
  for (const as of ['ada', member])
    for (const one of said)
      assert.deepEqual(told(await del(as, one.id)), refusal(403, 'You do not have access to this message'))
  await snug.unblock('c', member)
  assert.equal((await del(member, said[1]?.id)).status, 200)
})

test('403: somebody else’s message, the last or not', async () => {
  const { member, said } = await talk('ada', 'member')
  const own = refusal(403, 'You can only delete your own messages')
  assert.deepEqual(told(await del(member, said[0]?.id)), own)
  assert.deepEqual(told(await del('ada', said[1]?.id)), own)
})

test('403: not the last one', async () => {
  const { member, said } = await talk('ada', 'ada', 'member', 'member')
  const last = refusal(403, 'You can only delete the last message in a conversation')
  assert.deepEqual(told(await del('ada', said[0]?.id)), last)
  assert.deepEqual(told(await del('ada', said[1]?.id)), last)
  assert.deepEqual(told(await del(member, said[2]?.id)), last)
  assert.deepEqual(await contents('ada', member), ['number 1', 'number 2', 'number 3', 'number 4'])
})

test('the conversation comes off both lists, what is left can be read, and its new last be deleted in turn', async () => {
  const { member, said } = await talk('member', 'ada', 'ada')
  const before = (await snug.list('ada', 'c')).body.total
  assert.ok(await listed(member, 'ada'))
  await del('ada', said[2]?.id)
  assert.equal((await snug.list('ada', 'c')).body.total, before - 1)
  for (const [as, other] of [
    ['ada', member],
    [member, 'ada'],
  ] as const) {
    assert.equal(await listed(as, other), undefined)
    assert.deepEqual(await contents(as, other), ['number 1', 'number 2'])
  }
  assert.equal((await del('ada', said[1]?.id)).status, 200)
  assert.deepEqual(await contents(member, 'ada'), ['number 1'])
  assert.equal((await del(member, said[0]?.id)).status, 200)
  for (const [as, other] of [
    ['ada', member],
    [member, 'ada'],
  ] as const)
    assert.deepEqual(told(await snug.thread(as, 'c', other)), {
      status: 200,
      body: { total: 0, has_more: false, data: [] },
    })
  assert.equal((await snug.list('ada', 'c')).body.total, before - 1, 'counted off once')
})

test('the next message brings what is left back to both lists, under the same id', async () => {
  const { member, said } = await talk('member', 'ada')
  const { id } = await listed('ada', member)
  await del('ada', said[1]?.id)
  await snug.send('c', member, 'ada', 'once more')
  for (const [as, other] of [
    ['ada', member],
    [member, 'ada'],
  ] as const) {
    const conversation = await listed(as, other)
    assert.equal(conversation.id, id)
    assert.equal(conversation.latest_message.content, 'once more')
    assert.deepEqual(await contents(as, other), ['number 1', 'once more'])
  }
})

test('with no message left it is gone, and the next message starts a new one with a new id', async () => {
  const { member, said } = await talk('ada')
  const { id } = await listed('ada', member)
  await del('ada', said[0]?.id)
  const read = { message_id: said[0]?.id }
  const marked = await snug.ask('POST', `${messagesPath('c')}/${member}/read`, { as: 'ada', body: read })
  assert.deepEqual(told(marked), { status: 422, body: { message: ['Message is not in this thread'] } })
  await snug.send('c', member, 'ada', 'anew')
  const conversation = await listed('ada', member)
  assert.notEqual(conversation.id, id)
  assert.equal(conversation.unread_count, 1, 'no read mark of the old one is left')
  assert.deepEqual(await contents('ada', member), ['anew'])
})

test('unread counts follow: what was deleted is unread no more', async () => {
  const { member, said } = await talk('member', 'ada', 'member', 'member')
  assert.equal((await listed('ada', member)).unread_count, 2)
  await del(member, said[3]?.id)
  await snug.send('c', member, 'ada', 'instead')
  assert.equal((await listed('ada', member)).unread_count, 2)
  await snug.send('c', 'ada', member, 'answer')
  assert.equal((await listed(member, 'ada')).unread_count, 1)
})

test('a read mark beyond what is left goes back with it: the next message is unread', async () => {
  const { member, said } = await talk('ada', 'member')
  const body = { message_id: said[1]?.id }
  await snug.ask('POST', `${messagesPath('c')}/${member}/read`, { as: 'ada', body })
  await del(member, said[1]?.id)
  await snug.send('c', member, 'ada', 'new')
  assert.equal((await listed('ada', member)).unread_count, 1)
})

test('a former member may delete, since nothing says otherwise; whoever cannot call cannot', async () => {
  const { member, said } = await talk('ada', 'member', 'member')
  await snug.member('c', member, 'canceled')
  assert.equal((await del(member, said[2]?.id)).status, 200)
  await snug.erase(member)
  assert.deepEqual(told(await del(member, said[1]?.id)), refusal(401, 'Unknown User'))
})

test('two deletes at once are one, and the same for both', async () => {
  for (let round = 0; round < 10; round++) {
    const { member, said } = await talk('ada', 'ada', 'ada')
    const answers = await Promise.all([said[2], said[2], said[1], said[2]].map((one) => del('ada', one?.id)))
    assert.equal(
      answers.filter((one) => one.status === 200).length,
      (await contents(member, 'ada')).length === 1 ? 2 : 1,
    )
    assert.deepEqual(await contents('ada', member), await contents(member, 'ada'))
    for (const one of answers) assert.ok([200, 403, 404].includes(one.status))
  }
})

test('a delete against a send: one order', async () => {
  for (let round = 0; round < 15; round++) {
    const { member, said } = await talk('member', 'ada')
    const [gone] = await Promise.all([del('ada', said[1]?.id), snug.send('c', member, 'ada', 'reply')])
    const left = gone.status === 200 ? ['number 1', 'reply'] : ['number 1', 'number 2', 'reply']
    const words = refusal(403, 'You can only delete the last message in a conversation')
    if (gone.status !== 200) assert.deepEqual(told(gone), words)
    for (const [as, other] of [
      ['ada', member],
      [member, 'ada'],
    ] as const) {
      assert.deepEqual(await contents(as, other), left)
      assert.equal(
        (await listed(as, other)).latest_message.content,
        'reply',
        'the send came last, so it is listed',
      )
    }
  }
})
