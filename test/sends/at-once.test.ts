import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, TestSnug } from '../kit.ts'
import { assertOwn, assertSound, newCommunity, type Sending, threadOf, trySend, twoServers } from './kit.ts'

const MANY = 200
const count = (n: number) => Array.from({ length: n }, (_, i) => i)

const servers = await twoServers()

const atOnce = (sends: readonly Sending[], on: (i: number) => number): Promise<Answer[]> =>
  Promise.all(sends.map((send, i) => trySend(servers[on(i)] as TestSnug, send)))

for (const [name, on] of [
  ['one server', () => 0],
  ['two servers', (i: number) => i % 2],
] as const) {
  test(`${MANY} into one conversation by ${name}: dense, in the order of their ids, each answer its own`, async () => {
    const id = `one-${on(1)}`
    const [ada, bob] = (await newCommunity(servers[0], id, 'bob')) as [string, string]
    const sends = count(MANY).map((i) => {
      const [from, to] = i % 3 === 0 ? [ada, bob] : [bob, ada]
      return { from, to, content: `message ${i}` }
    })
    const answers = await atOnce(sends, on)
    for (const [i, answer] of answers.entries()) assertOwn(answer, sends[i] as Sending)
    const thread = await threadOf(servers[1], id, ada, bob)
    const ids = thread.map((message) => message.id)
    assert.deepEqual(new Set(ids), new Set(answers.map(({ body }) => body.id)))
    assert.equal(ids.length, MANY)
    assert.deepEqual(ids, [...ids].sort())
    const byId = new Map(answers.map(({ body }) => [body.id, body]))
    for (const message of thread) assert.deepEqual(message, byId.get(message.id))
  })

  test(`${MANY} into 50 conversations by ${name}, bad ones between them`, async () => {
    const id = `many-${on(1)}`
    const names = count(50).map((i) => `m${i}`)
    const [ada, ...members] = (await newCommunity(servers[0], id, ...names)) as [string, ...string[]]
    const other = `other-${id}`
    await newCommunity(servers[0], other, 'stranger')
    const bad = [
      [{ content: ' \n' }, 422, { message: ["Content can't be blank"] }],
      [{ content: 'x'.repeat(5001) }, 422, { message: ['Content is too long (maximum is 5000 characters)'] }],
      [{ to: `${other}.stranger` }, 403, { message: ['You cannot send messages to this user'] }],
      [{ to: members[0] }, 403, { message: ['You cannot send messages to this user'] }],
      [{ community: 'nowhere' }, 404, { message: 'Not Found' }],
      [{ community: id, from: 'nobody' }, 401, { message: 'Unknown User' }],
    ] as const
    const isBad = (i: number) => i % 4 === 3
    const sends: Sending[] = count(MANY).map((i) => {
      const member = members[i % 50] as string
      const good = { community: id, from: member, to: ada, content: `to ada ${i}` }
      return isBad(i) ? ({ ...good, ...bad[i % bad.length]?.[0] } as Sending) : good
    })
    const answers = await atOnce(sends, (i) => on(Math.floor(i / 50)))
    for (const [i, answer] of answers.entries()) {
      if (!isBad(i)) assertOwn(answer, sends[i] as Sending)
      else {
        const [, status, body] = bad[i % bad.length] as (typeof bad)[number]
        assert.deepEqual([answer.status, answer.body], [status, body])
      }
    }
    const good = count(MANY).filter((i) => !isBad(i))
    for (const [m, member] of members.entries()) {
      const thread = await threadOf(servers[0], id, ada, member)
      const expected = good.filter((i) => i % 50 === m).map((i) => `to ada ${i}`)
      assert.deepEqual(thread.map(({ content }) => content).sort(), expected.sort())
    }
    const path = `/api/v1/communities/${id}/messages/conversations`
    const { body } = await servers[1].call('GET', path, { as: ada })
    assert.equal(body.total, new Set(good.map((i) => i % 50)).size)
  })

  test(`equal keys at once by ${name}: one is stored, all answers are that message`, async () => {
    const id = `keys-${on(1)}`
    const [ada, bob] = (await newCommunity(servers[0], id, 'bob')) as [string, string]
    const sends = count(MANY).map((i) => {
      const key = `key-${i % 20}`
      return { from: ada, to: bob, content: `under ${key}`, key }
    })
    const answers = await atOnce(sends, (i) => on(Math.floor(i / 20)))
    for (const k of count(20)) {
      const same = answers.filter((_, i) => i % 20 === k)
      for (const answer of same) assertOwn(answer, sends[k] as Sending)
      assert.equal(new Set(same.map(({ body }) => JSON.stringify(body))).size, 1)
      const replayed = same.filter(({ headers }) => headers['idempotent-replayed'] === 'true')
      assert.equal(replayed.length, same.length - 1)
    }
    assert.equal((await threadOf(servers[0], id, ada, bob)).length, 20)
  })

  test(`one key for different contents at once by ${name}: one wins, the others are told`, async () => {
    const id = `clash-${on(1)}`
    const [ada, bob] = (await newCommunity(servers[0], id, 'bob')) as [string, string]
    const sends = count(20).map((i) => ({ from: bob, to: ada, content: `content ${i}`, key: 'one' }))
    const answers = await atOnce(sends, on)
    const stored = answers.findIndex(({ status }) => status === 201)
    assertOwn(answers[stored] as Answer, sends[stored] as Sending)
    for (const [i, { status, body }] of answers.entries()) {
      if (i === stored) continue
      assert.deepEqual([status, body], [409, { message: ['Idempotency-Key was used for another message'] }])
    }
    const thread = await threadOf(servers[0], id, ada, bob)
    assert.deepEqual(
      thread.map(({ content }) => content),
      [`content ${stored}`],
    )
  })
}

test('the same key of two senders and of two communities is four keys', async () => {
  const [ada, bob] = (await newCommunity(servers[0], 'four', 'bob')) as [string, string]
  await servers[0].community('five', ada)
  await servers[0].member('five', bob)
  const sends = ['four', 'five'].flatMap((community) => [
    { community, from: ada, to: bob, content: 'same', key: 'k' },
    { community, from: bob, to: ada, content: 'same', key: 'k' },
  ])
  const answers = await atOnce(sends, (i) => i % 2)
  for (const [i, answer] of answers.entries()) {
    assertOwn(answer, sends[i] as Sending)
    assert.equal(answer.headers['idempotent-replayed'], undefined)
  }
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 4)
})

test('the tables hold, and nothing deadlocked', () => assertSound(...servers))
