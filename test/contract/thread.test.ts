import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, personOf, told } from './client.ts'

// GET …/messages/:user_id: `before`, `after` and `page=last` (CONTRACT §3). The pages are in paging.test.ts.

const snug = await newContract()
await snug.users('ada', 'bob', 'fay')
await snug.community('c', 'ada')
await snug.member('c', 'bob')
await snug.member('c', 'fay')
const COUNT = 45
const ids: string[] = []
for (let i = 1; i <= COUNT; i++) {
  const [from, to] = i % 3 === 0 ? ['bob', 'ada'] : ['ada', 'bob']
  ids.push((await snug.send('c', from as string, to as string, `number ${i}`)).id)
}
const foreign = (await snug.send('c', 'ada', 'fay', 'elsewhere')).id

const read = async (query: Record<string, string>, as = 'ada') => {
  const { status, body } = await snug.thread(as, 'c', as === 'ada' ? 'bob' : 'ada', query)
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.total, COUNT)
  return { ids: body.data.map((one: { id: string }) => one.id), more: body.has_more }
}

test('oldest first, with sender and recipient as they were', async () => {
  const { body } = await snug.thread('bob', 'c', 'ada', { per_page: '3' })
  const people = body.data.map((one: { sender: object; recipient: object }) => [one.sender, one.recipient])
  const [ada, bob] = [personOf('ada'), personOf('bob')]
  const expected = [
    [ada, bob],
    [ada, bob],
    [bob, ada],
  ]
  assert.deepEqual(people, expected)
  assert.deepEqual(
    body.data.map((one: { content: string }) => one.content),
    ['number 1', 'number 2', 'number 3'],
  )
})

test('before: the page nearest to that message, oldest first, and whether older ones follow', async () => {
  for (const size of [1, 7, 20, 44, 45, 100]) {
    for (const at of [0, 1, 6, 7, 8, 20, 43, 44]) {
      const from = Math.max(at - size, 0)
      const expected = { ids: ids.slice(from, at), more: from > 0 && at > 0 }
      assert.deepEqual(
        await read({ before: ids[at] as string, per_page: `${size}` }),
        expected,
        `${size} before ${at}`,
      )
    }
  }
  assert.deepEqual((await read({ before: ids[44] as string })).ids, ids.slice(24, 44), '20 unless told')
})

test('after: the page nearest to that message, oldest first, and whether newer ones follow', async () => {
  for (const size of [1, 7, 20, 44, 45, 100]) {
    for (const at of [0, 1, 6, 7, 8, 20, 37, 43, 44]) {
      const expected = { ids: ids.slice(at + 1, at + 1 + size), more: at + 1 + size < COUNT }
      assert.deepEqual(
        await read({ after: ids[at] as string, per_page: `${size}` }),
        expected,
        `${size} after ${at}`,
      )
    }
  }
})

test('scrolling up from the last page, and down from the first, meets every message once', async () => {
  for (const as of ['ada', 'bob']) {
    let up = await read({ page: 'last', per_page: '8' }, as)
    let seen: string[] = up.ids
    for (let more = true; more; more = up.more) {
      up = await read({ before: seen[0] as string, per_page: '8' }, as)
      assert.ok(up.ids.length > 0, 'there were more')
      seen = [...up.ids, ...seen]
    }
    assert.deepEqual(seen, ids)
    let down = await read({ page: '1', per_page: '8' }, as)
    seen = down.ids
    while (down.more) {
      down = await read({ after: seen.at(-1) as string, per_page: '8' }, as)
      assert.ok(down.ids.length > 0, 'there were more')
      seen = [...seen, ...down.ids]
    }
    assert.deepEqual(seen, ids)
  }
})

test('page=last is the last of the pages', async () => {
  for (const size of [1, 2, 9, 10, 15, 44, 45, 46, 100]) {
    const last = Math.ceil(COUNT / size)
    const expected = await read({ page: `${last}`, per_page: `${size}` })
    assert.deepEqual(await read({ page: 'last', per_page: `${size}` }), expected, `${size}`)
    assert.equal(expected.more, false)
    assert.equal(expected.ids.at(-1), ids.at(-1))
  }
})

test('an id that is not in the thread: 422', async () => {
  const unknown = '01a203e0-09e9-727d-8a69-7cce79def710'
  for (const [name, label] of [
    ['before', 'Before'],
    ['after', 'After'],
  ] as const) {
    const expected = { status: 422, body: { message: [`${label} is not in this thread`] } }
    for (const id of [foreign, unknown, '', 'x', '0', ids[0]?.slice(1) as string, `${ids[0]}0`, '\u0000'])
      assert.deepEqual(told(await snug.thread('ada', 'c', 'bob', { [name]: id })), expected, `${name}=${id}`)
    const { status } = await snug.ask('GET', `${messagesPath('c')}/bob?${name}=${ids[0]}&${name}=${ids[1]}`, {
      as: 'ada',
    })
    assert.equal(status, 422, 'given twice')
  }
  // The same id is in one thread and not in the other.
  assert.equal((await snug.thread('ada', 'c', 'fay', { before: foreign })).status, 200)
  assert.equal((await snug.thread('ada', 'c', 'fay', { before: ids[0] as string })).status, 422)
})

test('before and after together: 422; faults before permission, permission before the thread', async () => {
  const both = await snug.thread('ada', 'c', 'bob', { before: ids[5] as string, after: ids[2] as string })
  assert.deepEqual(told(both), { status: 422, body: { message: ['Before and after exclude each other'] } })
  assert.equal((await snug.thread('bob', 'c', 'fay', { page: '0' })).status, 422)
  const view = { status: 403, body: { message: ['You cannot view messages with this user'] } }
  assert.deepEqual(told(await snug.thread('bob', 'c', 'fay', { before: foreign })), view)
  const all = await snug.thread('ada', 'c', 'bob', { page: 'x', per_page: 'y', before: ids[0] as string })
  const message = ['Page must be a positive integer', 'Per page must be a positive integer']
  assert.deepEqual(told(all), { status: 422, body: { message } })
})

test('an id is taken in upper case too', async () => {
  const { ids: found } = await read({ before: (ids[2] as string).toUpperCase() })
  assert.deepEqual(found, ids.slice(0, 2))
})

test('a message that was deleted is not in the thread any more', async () => {
  const { id } = await snug.send('c', 'ada', 'fay', 'soon gone')
  assert.equal((await snug.thread('ada', 'c', 'fay', { before: id })).body.data.length, 1)
  await snug.ask('DELETE', `${messagesPath('c')}/${id}`, { as: 'ada' })
  assert.equal((await snug.thread('ada', 'c', 'fay', { before: id })).status, 422)
  assert.equal((await snug.thread('ada', 'c', 'fay', { after: id })).status, 422)
})
