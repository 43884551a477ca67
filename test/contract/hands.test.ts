import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membersPath, messagesPath, newContract, personOf, told } from './client.ts'

// When a community changes hands (CONTRACT §2). Who may do what then is in the matrix; here is how it comes about.

const snug = await newContract()
const VIEW = { status: 403, body: { message: ['You cannot view messages with this user'] } }
const SEND = { status: 403, body: { message: ['You cannot send messages to this user'] } }

const listed = async (as: string, community: string) => {
  const { body } = await snug.list(as, community)
  assert.equal(body.total, body.data.length)
  return body.data.map(
    (one: { user: { id: string }; can_send: boolean; cannot_send_reason: string | null }) => [
      one.user.id,
      one.can_send,
      one.cannot_send_reason,
    ],
  )
}
const send = async (as: string, community: string, recipient_id: string) =>
  told(await snug.ask('POST', messagesPath(community), { as, body: { recipient_id, content: 'x' } }))

/** ada's community with bob and fay, who have written to her. */
async function begin(community: string): Promise<void> {
  await snug.users('ada', 'bob', 'fay', 'new')
  await snug.community(community, 'ada')
  await snug.member(community, 'bob')
  await snug.member(community, 'fay')
  await snug.send(community, 'bob', 'ada', 'bob to ada')
  await snug.send(community, 'ada', 'fay', 'ada to fay')
}

test('the old conversations stay the old creator’s, who reads on like a former member', async () => {
  await begin('c')
  const threads = ['bob', 'fay'].map((id) => snug.thread('ada', 'c', id))
  const before = (await Promise.all(threads)).map((one) => one.body)
  await snug.community('c', 'new')
  assert.deepEqual(await listed('ada', 'c'), [
    ['fay', false, 'creator_changed'],
    ['bob', false, 'creator_changed'],
  ])
  for (const [i, id] of ['bob', 'fay'].entries()) {
    assert.deepEqual((await snug.thread('ada', 'c', id)).body, before[i])
    assert.equal((await snug.thread(id, 'c', 'ada')).body.total, 1, 'and so do the members in those threads')
    assert.deepEqual(await listed(id, 'c'), [['ada', false, 'creator_changed']])
    assert.deepEqual(await send('ada', 'c', id), SEND)
    assert.deepEqual(await send(id, 'c', 'ada'), SEND)
  }
  const { body } = await snug.ask('GET', '/api/v1/communities', { as: 'ada' })
  const [community] = body.data
  assert.deepEqual([community.role, community.creator], ['member', personOf('new')])
  assert.equal((await snug.ask('GET', membersPath('c'), { as: 'ada' })).status, 403)
})

test('the new creator starts new ones and never sees the old', async () => {
  assert.deepEqual(await listed('new', 'c'), [])
  for (const id of ['bob', 'fay']) {
    assert.deepEqual((await snug.thread('new', 'c', id)).body, { total: 0, has_more: false, data: [] })
  }
  await snug.send('c', 'new', 'bob', 'I am new here')
  assert.deepEqual(await listed('new', 'c'), [['bob', true, null]])
  assert.deepEqual(await listed('bob', 'c'), [
    ['new', true, null],
    ['ada', false, 'creator_changed'],
  ])
  assert.equal((await snug.thread('bob', 'c', 'ada')).body.total, 1)
  const foreign = (await snug.thread('bob', 'c', 'ada')).body.data[0].id
  const gone = await snug.ask('DELETE', `${messagesPath('c')}/${foreign}`, { as: 'new' })
  assert.deepEqual(told(gone), { status: 403, body: { message: 'You do not have access to this message' } })
})

test('a membership given to the old creator later makes them a member like any other', async () => {
  assert.deepEqual(await send('ada', 'c', 'new'), SEND)
  await snug.member('c', 'ada', 'active')
  await snug.send('c', 'ada', 'new', 'may I?')
  await snug.send('c', 'new', 'ada', 'you may')
  assert.deepEqual((await listed('ada', 'c'))[0], ['new', true, null])
  // Towards the others there is what there was.
  assert.deepEqual(await send('ada', 'c', 'bob'), SEND)
  assert.equal((await snug.thread('ada', 'c', 'bob')).status, 200)
  await snug.member('c', 'ada', 'canceled')
  assert.deepEqual(await send('ada', 'c', 'new'), SEND)
  assert.equal((await snug.thread('ada', 'c', 'new')).body.total, 2)
})

test('an old creator without a conversation is to the members like anybody', async () => {
  await begin('d')
  await snug.community('d', 'new')
  await snug.community('d', 'fay')
  assert.deepEqual(told(await snug.thread('new', 'd', 'bob')), VIEW)
  assert.deepEqual(told(await snug.thread('bob', 'd', 'new')), VIEW)
  assert.deepEqual(await listed('new', 'd'), [])
  // But is read by the creator, as a former member is.
  assert.deepEqual((await snug.thread('fay', 'd', 'new')).body, { total: 0, has_more: false, data: [] })
  // Between a creator and the one before is what they wrote while one of them was a member.
  assert.equal((await snug.thread('fay', 'd', 'ada')).body.total, 1)
})

test('what an old creator and a member have left goes with its last message', async () => {
  const { id } = (await snug.thread('bob', 'd', 'ada')).body.data[0]
  assert.equal((await snug.ask('DELETE', `${messagesPath('d')}/${id}`, { as: 'bob' })).status, 200)
  assert.deepEqual(told(await snug.thread('bob', 'd', 'ada')), VIEW)
  assert.deepEqual(told(await snug.thread('ada', 'd', 'bob')), VIEW)
})

test('it comes back with the community: the old conversations go on', async () => {
  await begin('e')
  const id = (await snug.list('ada', 'e')).body.data[0].id
  await snug.community('e', 'new')
  await snug.community('e', 'ada')
  assert.deepEqual(await listed('ada', 'e'), [
    ['fay', true, null],
    ['bob', true, null],
  ])
  await snug.send('e', 'ada', 'fay', 'as I was saying')
  assert.equal((await snug.list('ada', 'e')).body.data[0].id, id)
  assert.deepEqual(await listed('new', 'e'), [])
})

test('a blocked member to whom the community is handed is blocked no more', async () => {
  await begin('f')
  await snug.block('f', 'bob')
  assert.deepEqual(await listed('bob', 'f'), [])
  await snug.community('f', 'bob')
  assert.deepEqual(await listed('bob', 'f'), [['ada', false, 'membership_ended']])
  assert.deepEqual(await listed('ada', 'f'), [
    ['fay', false, 'creator_changed'],
    ['bob', false, 'membership_ended'],
  ])
  await snug.send('f', 'fay', 'bob', 'welcome')
  // The creator cannot be blocked, by anybody.
  const words = { status: 422, body: { message: 'The creator cannot be blocked' } }
  assert.deepEqual(told(await snug.ask('POST', `${membersPath('f')}/bob/block`, { as: 'bob' })), words)
  const path = '/service/v1/communities/f/members/bob/block'
  assert.deepEqual(told(await snug.ask('POST', path, { service: true })), words)
})

test('a block of the old creator hides the old conversations as well, and unblocking brings them back', async () => {
  await begin('g')
  await snug.community('g', 'new')
  await snug.member('g', 'ada', 'active')
  await snug.send('g', 'new', 'bob', 'hello')
  const before = [await listed('ada', 'g'), await listed('bob', 'g')]
  await snug.block('g', 'ada')
  assert.deepEqual(await listed('ada', 'g'), [])
  assert.deepEqual(await listed('bob', 'g'), [['new', true, null]])
  for (const [as, other] of [
    ['ada', 'bob'],
    ['bob', 'ada'],
    ['ada', 'new'],
    ['new', 'ada'],
  ] as const)
    assert.deepEqual(told(await snug.thread(as, 'g', other)), VIEW)
  // With both of a conversation blocked it takes both to be unblocked.
  await snug.block('g', 'bob')
  await snug.unblock('g', 'ada')
  assert.deepEqual(told(await snug.thread('ada', 'g', 'bob')), VIEW)
  await snug.unblock('g', 'bob')
  await snug.member('g', 'bob', 'active')
  assert.deepEqual([await listed('ada', 'g'), await listed('bob', 'g')], before)
})

test('telling of the same creator again changes nothing', async () => {
  await begin('h')
  const before = await listed('ada', 'h')
  for (let i = 0; i < 3; i++) await snug.community('h', 'ada')
  assert.deepEqual(await listed('ada', 'h'), before)
  assert.deepEqual(await send('ada', 'h', 'bob').then((one) => one.status), 201)
})
