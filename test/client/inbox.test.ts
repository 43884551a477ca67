import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newSnug } from '../kit.ts'
import { assertFreshInbox, clientOf, eventually, lineTo, state, until } from './kit.ts'

const snug = await newSnug()
let clubs = 0

/** A community of a test's own, with members who have all written. */
async function club(...members: string[]) {
  const id = `club-${++clubs}`
  await snug.users('ada', ...members)
  await snug.community(id, 'ada')
  for (const member of members) {
    await snug.member(id, member)
    await snug.send(id, member, 'ada', `I am ${member}`)
  }
  return id
}
const who = (snapshot: { conversations: readonly { user: { id: string } }[] }) =>
  snapshot.conversations.map(({ user }) => user.id)

test('conversations move to the top as messages come, and go off when the last one is deleted', async () => {
  const community = await club('m1', 'm2', 'm3')
  const ada = clientOf(snug, 'ada')
  const inbox = ada.inbox(community)
  await state(ada.stream, 'live')
  await inbox.settled()
  assert.deepEqual(who(inbox.getSnapshot()), ['m3', 'm2', 'm1'])
  const kept = inbox.getSnapshot().conversations[0]
  const { id } = await snug.send(community, 'm1', 'ada', 'again')
  const moved = await until(inbox, (now) => who(now)[0] === 'm1')
  assert.deepEqual(who(moved), ['m1', 'm3', 'm2'])
  assert.equal(moved.conversations[0]?.unread_count, 2)
  assert.equal(moved.conversations[1], kept)
  await ada.messages.markRead(community, 'm1', id)
  await until(inbox, ({ conversations }) => conversations[0]?.unread_count === 0)
  await clientOf(snug, 'm1').messages.delete(community, id)
  const gone = await until(inbox, ({ total }) => total === 2)
  assert.deepEqual(who(gone), ['m3', 'm2'])
  await snug.send(community, 'ada', 'm1', 'back again')
  await until(inbox, ({ total }) => total === 3)
  await assertFreshInbox(ada, inbox, community)
  inbox.close()
})

test('pages, with the total right while most are not held', async () => {
  const members = Array.from({ length: 9 }, (_, i) => `p${i + 1}`)
  const community = await club(...members)
  const ada = clientOf(snug, 'ada')
  const query = { perPage: 3 }
  const inbox = ada.inbox(community, query)
  await state(ada.stream, 'live')
  await inbox.settled()
  assert.deepEqual(who(inbox.getSnapshot()), ['p9', 'p8', 'p7'])
  await inbox.loadMore()
  await assertFreshInbox(ada, inbox, community, query)
  // One that is not held comes, one that is not held goes, one that is held goes.
  await snug.send(community, 'p1', 'ada', 'from below')
  await until(inbox, (now) => who(now)[0] === 'p1')
  const delist = async (member: string) => {
    const { data } = await ada.messages.list(community, member)
    await clientOf(snug, member).messages.delete(community, data[0]?.id as string)
  }
  await delist('p2')
  await delist('p9')
  await eventually(() => assertFreshInbox(ada, inbox, community, query))
  assert.equal(inbox.getSnapshot().total, 7)
  while (inbox.getSnapshot().hasMore) await inbox.loadMore()
  await assertFreshInbox(ada, inbox, community, query)
  assert.equal(inbox.getSnapshot().conversations.length, 7)
  inbox.close()
})

test('a block takes a conversation off, its end puts it where it was', async () => {
  const community = await club('b1', 'b2', 'b3')
  const ada = clientOf(snug, 'ada')
  const inbox = ada.inbox(community)
  await state(ada.stream, 'live')
  await inbox.settled()
  await ada.members.block(community, 'b2')
  assert.deepEqual(who(await until(inbox, ({ total }) => total === 2)), ['b3', 'b1'])
  await ada.members.unblock(community, 'b2')
  assert.deepEqual(who(await until(inbox, ({ total }) => total === 3)), ['b3', 'b2', 'b1'])
  // Not an active member any more: listed, and told why one cannot write.
  const ended = await until(inbox, ({ conversations }) => conversations[1]?.can_send === false)
  assert.equal(ended.conversations[1]?.cannot_send_reason, 'membership_ended')
  await snug.call('PUT', '/service/v1/users/b3', { service: true, body: { username: 'renamed' } })
  await until(inbox, ({ conversations }) => conversations[0]?.user.username === 'renamed')
  await assertFreshInbox(ada, inbox, community)
  inbox.close()
})

test('filters and searches are kept up to date', async () => {
  const community = await club('f1', 'f2', 'g1')
  const ada = clientOf(snug, 'ada')
  const unread = ada.inbox(community, { filter: 'unread' })
  const found = ada.inbox(community, { q: 'of f' })
  await state(ada.stream, 'live')
  await Promise.all([unread.settled(), found.settled()])
  assert.deepEqual(
    [who(unread.getSnapshot()), who(found.getSnapshot())],
    [
      ['g1', 'f2', 'f1'],
      ['f2', 'f1'],
    ],
  )
  await snug.send(community, 'ada', 'g1', 'an answer reads what was before')
  await until(unread, (now) => who(now).length === 2)
  await snug.send(community, 'f1', 'ada', 'up')
  await until(found, (now) => who(now)[0] === 'f1')
  await assertFreshInbox(ada, unread, community, { filter: 'unread' })
  await assertFreshInbox(ada, found, community, { q: 'of f' })
  unread.close()
  found.close()
})

test('after hours away it is right again, also when nothing can be told any more', async () => {
  const community = await club('h1', 'h2', 'h3')
  const line = await lineTo(snug.snug.url)
  const ada = clientOf(snug, 'ada', { url: line.url })
  const inbox = ada.inbox(community)
  await state(ada.stream, 'live')
  await inbox.settled()
  line.closed = true
  line.cut()
  await state(ada.stream, 'behind')
  for (let n = 1; n <= 210; n++) await snug.send(community, 'h1', 'ada', `while away ${n}`)
  let fresh = 0
  ada.stream.onFresh(() => fresh++)
  line.closed = false
  await state(ada.stream, 'live')
  assert.equal(fresh, 1)
  await eventually(() => assertFreshInbox(ada, inbox, community))
  assert.equal(inbox.getSnapshot().conversations[0]?.unread_count, 211)
  inbox.close()
})

test('whoever is no member sees nothing, until they are', async () => {
  const community = await club('k1')
  await snug.users('late')
  const late = clientOf(snug, 'late')
  const inbox = late.inbox(community)
  await state(late.stream, 'live')
  await inbox.settled()
  const { state: now, error } = inbox.getSnapshot()
  assert.deepEqual([now, error?.name], ['hidden', 'ForbiddenError'])
  await snug.member(community, 'late')
  await snug.send(community, 'ada', 'late', 'welcome')
  await until(inbox, ({ total }) => total === 1)
  await assertFreshInbox(late, inbox, community)
  inbox.close()
})
