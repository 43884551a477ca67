import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, personOf, told } from './client.ts'

// GET /api/v1/communities: CONTRACT §4. The pages are in paging.test.ts.

const snug = await newContract()
await snug.users('ada', 'bob', 'fay', 'eve')
const own = async (as: string) => (await snug.ask('GET', '/api/v1/communities', { as })).body
const brief = async (as: string) =>
  (await own(as)).data.map((one: { id: string; role: string; status: string }) => [
    one.id,
    one.role,
    one.status,
  ])
const name = (id: string, text: string, creator_id = 'ada') =>
  snug.ask('PUT', `/service/v1/communities/${id}`, { service: true, body: { name: text, creator_id } })

test('a community, to the field, for its creator and for a member', async () => {
  await name('c', 'The Whisky Club')
  await snug.member('c', 'bob', 'trialing')
  const community = { id: 'c', name: 'The Whisky Club', creator: personOf('ada') }
  const one = (more: object) => ({ total: 1, has_more: false, data: [{ ...community, ...more }] })
  assert.deepEqual(await own('ada'), one({ role: 'creator', status: 'active', unread_count: 0 }))
  assert.deepEqual(await own('bob'), one({ role: 'member', status: 'trialing', unread_count: 0 }))
  assert.deepEqual(Object.keys((await own('bob')).data[0]), [
    'id',
    'name',
    'creator',
    'role',
    'status',
    'unread_count',
  ])
  assert.deepEqual(await own('eve'), { total: 0, has_more: false, data: [] })
  assert.deepEqual(told(await snug.ask('GET', '/api/v1/communities', { as: 'nobody' })), {
    status: 401,
    body: { message: 'Unknown User' },
  })
})

test('every status is shown as the host gave it', async () => {
  for (const status of ['active', 'trialing', 'past_due', 'canceled', 'unpaid', 'incomplete']) {
    await snug.member('c', 'bob', status)
    assert.deepEqual(await brief('bob'), [['c', 'member', status]])
  }
})

test('a blocked one is left out, for as long as it is', async () => {
  await snug.block('c', 'bob')
  assert.deepEqual(await own('bob'), { total: 0, has_more: false, data: [] })
  await snug.member('c', 'bob', 'active')
  assert.equal((await own('bob')).total, 0, 'a status does not lift a block')
  await snug.unblock('c', 'bob')
  assert.deepEqual(await brief('bob'), [['c', 'member', 'active']])
  assert.equal((await own('ada')).total, 1)
})

test('the creator is one whatever membership there is', async () => {
  await snug.member('c', 'ada', 'canceled')
  assert.deepEqual(await brief('ada'), [['c', 'creator', 'active']])
})

test('an old creator keeps it as a former member, and is a member when the host says so', async () => {
  await snug.community('h', 'fay')
  await snug.community('h', 'bob')
  assert.deepEqual(await brief('fay'), [['h', 'member', 'canceled']])
  assert.deepEqual((await own('fay')).data[0].creator, personOf('bob'))
  assert.deepEqual((await brief('bob'))[0], ['h', 'creator', 'active'])
  await snug.member('h', 'fay', 'trialing')
  assert.deepEqual(await brief('fay'), [['h', 'member', 'trialing']])
  await snug.block('h', 'fay')
  assert.deepEqual(await brief('fay'), [])
})

test('by name, then by id', async () => {
  const names: Record<string, string> = {
    o1: 'beta',
    o2: 'Alpha',
    o3: 'beta',
    o4: 'Ωmega',
    o5: 'alpha',
    o0: 'beta',
  }
  await snug.users('orderly')
  for (const [id, text] of Object.entries(names)) await name(id, text, 'orderly')
  const { data } = await own('orderly')
  assert.deepEqual(
    data.map((one: { id: string }) => one.id),
    ['o2', 'o5', 'o0', 'o1', 'o3', 'o4'],
  )
})

test('unread_count is the sum of what the list shows', async () => {
  await snug.users('uma', 'm1', 'm2', 'm3')
  await snug.community('u', 'uma')
  for (const id of ['m1', 'm2', 'm3']) await snug.member('u', id)
  const unread = async (as: string) =>
    (await own(as)).data.find((one: { id: string }) => one.id === 'u')?.unread_count
  const listed = async (as: string) => {
    const { data } = (await snug.list(as, 'u')).body
    return data.reduce((sum: number, one: { unread_count: number }) => sum + one.unread_count, 0)
  }
  const both = async (as: string, expected: number) =>
    assert.deepEqual([await unread(as), await listed(as)], [expected, expected])
  await snug.send('u', 'm1', 'uma', 'one')
  const second = await snug.send('u', 'm1', 'uma', 'two')
  await snug.send('u', 'm2', 'uma', 'three')
  await snug.send('u', 'uma', 'm3', 'four')
  await both('uma', 3)
  await both('m3', 1)
  await both('m1', 0)
  await snug.ask('DELETE', `${messagesPath('u')}/${second.id}`, { as: 'm1' })
  await both('uma', 1)
  await snug.send('u', 'm1', 'uma', 'back')
  await both('uma', 3)
  await snug.block('u', 'm1')
  await both('uma', 1)
  await snug.unblock('u', 'm1')
  await both('uma', 3)
  await snug.send('u', 'uma', 'm2', 'answer')
  await both('uma', 2)
  await both('m2', 1)
})
