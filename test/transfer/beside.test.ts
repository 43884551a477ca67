import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportLines } from '../../src/actions/export.ts'
import { importLines } from '../../src/actions/import.ts'
import { newSnug } from '../kit.ts'
import { brokenTables, chunksOf, exportAll, importAll, message, ndjson, people } from './kit.ts'

const MEMBERS = 10
const member = (i: number) => `m${(i % MEMBERS) + 1}`

/** Both ways, round all members, so that every batch holds every conversation. */
const historyOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => {
    const [sender, recipient] = i % 3 ? ['ada', member(i)] : [member(i), 'ada']
    const created_at = new Date(1_700_000_000_000 + (from + i) * 1_000).toISOString()
    return message(sender as string, recipient as string, `history ${from + i}`, {
      created_at,
      read: i % 5 > 0,
    })
  })

test('an import, sends, reads and blocks at once: nothing lost or doubled, positions dense, no deadlock', async () => {
  const snug = await newSnug()
  await importAll(snug.db, ...people(MEMBERS))
  let importing = true
  const answer = importAll(snug.db, ...historyOf(6_000)).finally(() => {
    importing = false
  })
  let sent = 0
  const writer = async (w: number) => {
    for (let i = w; importing; i += 3) {
      const body = { recipient_id: i % 2 ? 'ada' : member(i), content: `live ${i}` }
      const as = i % 2 ? member(i) : 'ada'
      const { status, body: told } = await snug.call('POST', '/api/v1/communities/c/messages', { as, body })
      assert.ok(status === 201 || status === 403, `${status}`)
      if (status === 201) sent++
      const other = i % 2 ? 'ada' : member(i)
      if (status === 201 && i % 4 === 0)
        await snug.call('POST', `/api/v1/communities/c/messages/${other}/read`, {
          as,
          body: { message_id: told.id },
        })
    }
  }
  const blocker = async () => {
    while (importing)
      for (const verb of ['block', 'unblock']) {
        const { status } = await snug.call('POST', `/service/v1/communities/c/members/m1/${verb}`, {
          service: true,
        })
        assert.equal(status, 200)
      }
  }
  const [{ imported, errors }] = await Promise.all([answer, writer(0), writer(1), writer(2), blocker()])
  assert.deepEqual(errors, [])
  assert.equal(imported.messages, 6_000)
  assert.ok(sent > 0)
  assert.deepEqual(await brokenTables(snug.db), [])
  const text = await exportAll(snug.db)
  assert.equal(text.split('\n').filter((line) => line.includes('"type":"message"')).length, 6_000 + sent)
})

test('the same file twice at once is stored once', async () => {
  const snug = await newSnug()
  const text = ndjson(...people(MEMBERS), ...historyOf(3_000))
  const answers = await Promise.all([1, 2, 3].map(() => importLines(snug.db, chunksOf(text))))
  assert.deepEqual(
    answers.map(({ errors }) => errors),
    [[], [], []],
  )
  const total = (kind: 'messages' | 'users' | 'members' | 'conversations') =>
    answers.reduce((sum, { imported }) => sum + imported[kind], 0)
  assert.deepEqual(
    [total('users'), total('members'), total('conversations'), total('messages')],
    [MEMBERS + 1, MEMBERS, MEMBERS, 3_000],
  )
  assert.deepEqual(await brokenTables(snug.db), [])
  const messages = (await exportAll(snug.db)).split('\n').filter((line) => line.includes('"type":"message"'))
  assert.equal(messages.length, 3_000)
})

test('members unblocked while their history comes in have it on the list', async () => {
  const snug = await newSnug()
  const ids = Array.from({ length: 150 }, (_, i) => `m${i + 1}`)
  await importAll(snug.db, ...people(150).filter((line) => !JSON.stringify(line).includes('"member"')))
  const blocked = { status: 'canceled', metadata: { blocked: true } }
  await importAll(
    snug.db,
    ...ids.map((user_id) => ({ type: 'member', community_id: 'c', user_id, ...blocked })),
  )
  const unblock = (id: string) =>
    snug.call('POST', `/service/v1/communities/c/members/${id}/unblock`, { service: true })
  await Promise.all([
    importAll(snug.db, ...ids.flatMap((id) => [message('ada', id, 'one'), message(id, 'ada', 'two')])),
    (async () => {
      for (const id of ids) assert.equal((await unblock(id)).status, 200)
    })(),
  ])
  assert.deepEqual(await brokenTables(snug.db), [])
})

test('an export is of one moment, whatever is written meanwhile', async () => {
  const snug = await newSnug()
  await importAll(snug.db, ...people(MEMBERS), ...historyOf(2_000))
  const before = await exportAll(snug.db)
  const chunks = exportLines(snug.db, { communityId: null })
  let text = (await chunks.next()).value as string
  await importAll(snug.db, ...historyOf(500, 2_000), { type: 'user', id: 'late', username: 'L' })
  await snug.call('DELETE', '/service/v1/users/m1', { service: true })
  for await (const chunk of chunks) text += chunk
  assert.equal(text, before)
})

test('somebody erased while their history comes in leaves no text behind', async () => {
  const snug = await newSnug()
  await importAll(snug.db, ...people(MEMBERS))
  const importing = importAll(snug.db, ...historyOf(5_000))
  const { status } = await snug.call('DELETE', '/service/v1/users/m2', { service: true })
  assert.equal(status, 204)
  await importing
  assert.deepEqual(await brokenTables(snug.db), [])
})
