import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membersPath, messagesPath, newContract, type SentMessage, told } from './client.ts'

// An answer is what holds now, however often the same was asked before, and whichever server it is asked of. The list is the
// one that is kept in memory between requests: each change that it shows is made between two readings of it.

const first = await newContract()
const second = await newContract(first.snug.databaseUrl)
const servers = [first, second]
await first.users('ada', 'bob', 'fay', 'new')
await first.community('c', 'ada')
await first.community('d', 'ada')
for (const id of ['bob', 'fay']) for (const community of ['c', 'd']) await first.member(community, id)
for (const id of ['bob', 'fay']) await first.send('c', id, 'ada', `hello from ${id}`)

// Each size is a list of its own, so one that was never asked for is read anew.
let unusual = 100
const last: { message?: SentMessage } = {}

async function answers(): Promise<unknown[]> {
  const seen: unknown[] = []
  for (const as of ['ada', 'bob', 'fay', 'new']) {
    unusual = unusual === 31 ? 99 : unusual - 1
    const fresh = told(await second.list(as, 'c', { per_page: `${unusual}` }))
    for (const server of servers) {
      for (const query of [{}, { page: '1' }, { per_page: '100' }] as Record<string, string>[])
        assert.deepEqual(told(await server.list(as, 'c', query)), fresh, `${as} ${JSON.stringify(query)}`)
    }
    seen.push(fresh)
  }
  return seen
}

const user = (id: string, body: object) =>
  second.ask('PUT', `/service/v1/users/${id}`, { service: true, body })
const del = () => first.ask('DELETE', `${messagesPath('c')}/${last.message?.id}`, { as: 'bob' })
const read = async (as: string, other: string) => {
  const { body } = await second.thread(as, 'c', other, { page: 'last' })
  await second.ask('POST', `${messagesPath('c')}/${other}/read`, {
    as,
    body: { message_id: body.data.at(-1).id },
  })
}
const rename = (id: string, name: string, creator_id: string) =>
  first.ask('PUT', `/service/v1/communities/${id}`, { service: true, body: { name, creator_id } })

/** In their order, each with whether the lists show something else afterwards. */
const CHANGES: readonly (readonly [string, boolean, () => Promise<unknown>])[] = [
  ['nothing', false, async () => {}],
  [
    'a message',
    true,
    async () => Object.assign(last, { message: await second.send('c', 'bob', 'ada', 'news') }),
  ],
  ['a deletion', true, del],
  ['a message that brings it back', true, async () => second.send('c', 'ada', 'bob', 'back')],
  ['a read mark', true, () => read('bob', 'ada')],
  ['the same read mark', false, () => read('bob', 'ada')],
  ['another username', true, () => user('bob', { username: 'robert' })],
  [
    'another picture',
    true,
    () => user('ada', { username: 'name of ada', avatar_url: 'https://example.com/a' }),
  ],
  ['no picture', true, () => user('ada', { username: 'name of ada', avatar_url: null })],
  ['another email', false, () => user('bob', { username: 'robert', email: 'bob@example.com' })],
  ['an ended membership', true, () => second.member('c', 'bob', 'past_due')],
  ['a membership taken up again', true, () => first.member('c', 'bob', 'active')],
  ['a membership elsewhere', false, () => first.member('d', 'bob', 'canceled')],
  ['a message elsewhere', false, () => first.send('d', 'fay', 'ada', 'elsewhere')],
  ['a block', true, () => second.ask('POST', `${membersPath('c')}/bob/block`, { as: 'ada' })],
  ['a membership while blocked', false, () => second.member('c', 'bob', 'trialing')],
  ['an unblock', true, () => first.ask('POST', `${membersPath('c')}/bob/unblock`, { as: 'ada' })],
  ['a block by the host', true, () => second.block('c', 'fay')],
  ['an unblock by the host', true, () => second.unblock('c', 'fay')],
  ['a membership of somebody new', true, () => second.member('c', 'new')],
  ['another name of the community', false, () => rename('c', 'Renamed', 'ada')],
  ['a change of creator', true, () => rename('c', 'Renamed', 'new')],
  ['a membership of the old creator', false, () => second.member('c', 'ada', 'active')],
  ['a message to the new creator', true, () => second.send('c', 'ada', 'new', 'welcome')],
  ['the end of the old creator’s membership', true, () => second.member('c', 'ada', 'canceled')],
  ['the old creator again', true, () => rename('c', 'Renamed', 'ada')],
  ['an erasure', true, () => second.erase('fay')],
  ['an erased user told of anew', true, () => user('fay', { username: 'another' })],
  ['the creator’s erasure', true, () => first.erase('ada')],
]

let before = await answers()

for (const [name, shows, change] of CHANGES) {
  test(`the list shows ${name}`, async () => {
    await change()
    const after = await answers()
    if (shows) assert.notDeepEqual(after, before, 'it was to be seen')
    else assert.deepEqual(after, before)
    before = after
  })
}

test('a list that is read while somebody is being erased keeps nothing of their texts', async () => {
  await first.users('eva')
  await first.community('e', 'eva')
  for (let round = 0; round < 4; round++) {
    const id = `gone-${round}`
    await first.users(id)
    await first.member('e', id)
    await first.send('e', id, 'eva', 'soon removed')
    let erased = false
    const erasing = first.erase(id).finally(() => {
      erased = true
    })
    while (!erased) await Promise.all(servers.map((server) => server.list('eva', 'e')))
    await erasing
    for (const server of servers) {
      const [conversation] = (await server.list('eva', 'e')).body.data
      assert.equal(conversation.user.username, 'deleted')
      assert.equal(conversation.latest_message.content, '')
    }
  }
})

test('what one caller was told is told to no other', async () => {
  await first.users('a', 'b')
  await first.community('x', 'a')
  await first.member('x', 'b')
  await first.send('x', 'a', 'b', 'for b')
  for (let i = 0; i < 2; i++) {
    assert.equal((await first.list('a', 'x')).body.data[0].user.id, 'b')
    assert.equal((await first.list('b', 'x')).body.data[0].user.id, 'a')
    assert.equal((await first.list('bob', 'x')).status, 403)
    assert.equal((await first.list('b', 'x%20')).status, 404)
  }
})
