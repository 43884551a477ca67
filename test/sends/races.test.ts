import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, TestSnug } from '../kit.ts'
import { assertOwn, assertSound, newCommunity, numberOf, threadOf, trySend, twoServers } from './kit.ts'

// Races that are run for real, again and again; meetings.test.ts makes the same ones meet at their locks every time.
const servers = await twoServers()
const count = (n: number) => Array.from({ length: n }, (_, i) => i)
const messages = (community: string) => `/api/v1/communities/${community}/messages`
const STORED = `select count(*) as n from messages m join communities c on c.key = m.community_key where c.id = $1`

/** Sends one after the other until one is refused. @returns all answers; the last one is the refusal */
async function sendUntilRefused(
  snug: TestSnug,
  from: string,
  to: string,
  onAnswer: () => void = () => {},
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let i = 0; i < 2_000; i++) {
    const content = `${from} says ${i}`
    const answer = await trySend(snug, { from, to, content })
    answers.push(answer)
    onAnswer()
    if (answer.status !== 201) return answers
    assertOwn(answer, { from, to, content })
  }
  throw new Error('the sends were never refused')
}

/** Resolves when `again` has been called `times` times. */
function countdown(times: number): { again: () => void; done: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (times === 0) resolve()
  const again = () => {
    if (--times <= 0) resolve()
  }
  return { again, done: promise }
}

test('a block against sends: after its 200 no message appears, and nothing is seen any more', async () => {
  for (const round of count(8)) {
    const id = `block${round}`
    const [ada, bob] = (await newCommunity(servers[0], id, 'bob')) as [string, string]
    const { again, done } = countdown(round * 2)
    const loops = count(4).map((i) => {
      const snug = servers[i % 2] as TestSnug
      return i < 2 ? sendUntilRefused(snug, ada, bob, again) : sendUntilRefused(snug, bob, ada, again)
    })
    await done
    const members = `/api/v1/communities/${id}/members/${bob}`
    const blocked = await servers[round % 2 === 0 ? 0 : 1].call('POST', `${members}/block`, { as: ada })
    assert.equal(blocked.status, 200)
    const stored = await numberOf(servers[0], STORED, id)
    const answers = (await Promise.all(loops)).flat()
    assert.equal(await numberOf(servers[0], STORED, id), stored, 'a message appeared after the block')
    assert.equal(answers.filter(({ status }) => status === 201).length, stored)
    await assertHidden(id, ada, bob, answers.find(({ status }) => status === 201)?.body.id)
    await servers[1].call('POST', `${members}/unblock`, { as: ada })
    if (stored > 0) assert.equal((await threadOf(servers[0], id, bob, ada)).length, stored)
  }
})

async function assertHidden(
  id: string,
  ada: string,
  bob: string,
  messageId: string | undefined,
): Promise<void> {
  for (const snug of servers) {
    for (const [as, other] of [
      [ada, bob],
      [bob, ada],
    ] as const) {
      const list = await snug.call('GET', `${messages(id)}/conversations`, { as })
      assert.deepEqual(list.body, { total: 0, has_more: false, data: [] })
      assert.equal((await snug.call('GET', `${messages(id)}/${other}`, { as })).status, 403)
      if (messageId === undefined) continue
      const read = { as, body: { message_id: messageId } }
      assert.equal((await snug.call('POST', `${messages(id)}/${other}/read`, read)).status, 403)
      assert.equal((await snug.call('DELETE', `${messages(id)}/${messageId}`, { as })).status, 403)
    }
    const { body } = await snug.call('GET', '/api/v1/communities', { as: bob })
    assert.deepEqual(body.data, [])
    const own = await snug.call('GET', '/api/v1/communities', { as: ada })
    assert.equal(own.body.data[0].unread_count, 0)
  }
}

test('two deletes of one message on two servers, against an answer to it: one order for all', async () => {
  const [ada, bob] = (await newCommunity(servers[0], 'delete', 'bob')) as [string, string]
  let expected = 0
  for (const round of count(40)) {
    const { id } = await servers[0].send('delete', bob, ada, `bob ${round}`)
    expected++
    const remove = (i: 0 | 1) => servers[i].call('DELETE', `${messages('delete')}/${id}`, { as: bob })
    const [one, two, answer] = await Promise.all([
      remove(0),
      remove(1),
      trySend(servers[round % 2 === 0 ? 0 : 1], { from: ada, to: bob, content: `ada ${round}` }),
    ])
    assert.equal(answer.status, 201)
    const gone = [one, two].filter(({ status }) => status === 200).length
    assert.ok(gone <= 1, 'one message was deleted twice')
    // Two are refused because the answer came first; one, because the other delete did.
    const refused = [one, two].filter(({ status }) => status !== 200).map(({ status }) => status)
    assert.deepEqual(refused, gone === 1 ? [404] : [403, 403])
    expected += 1 - gone
    const thread = await threadOf(servers[1], 'delete', ada, bob)
    assert.equal(thread.length, expected)
    assert.equal(thread.at(-1)?.id, answer.body.id)
    assert.equal(
      thread.some((message) => message.id === id),
      gone === 0,
    )
  }
})

test('an erasure against sends: after its 204 none of the texts is stored, and none comes', async () => {
  const TEXTS = `select count(*) as n from messages m join users u on u.key = m.sender_key where u.id = $1 and m.content <> ''`
  for (const round of count(5)) {
    const id = `erase${round}`
    const [ada, bob, cyd] = (await newCommunity(servers[0], id, 'bob', 'cyd')) as [string, string, string]
    // A creator's erasure, and a member's.
    const erased = round % 2 === 0 ? bob : ada
    const { again, done } = countdown(round * 3)
    const pairs =
      erased === bob
        ? [
            [bob, ada],
            [ada, bob],
          ]
        : [
            [ada, bob],
            [ada, cyd],
            [cyd, ada],
          ]
    const loops = pairs.map(([from, to], i) =>
      sendUntilRefused(servers[i % 2] as TestSnug, from as string, to as string, again),
    )
    await done
    const { status } = await servers[1].call('DELETE', `/service/v1/users/${erased}`, { service: true })
    assert.equal(status, 204)
    assert.equal(await numberOf(servers[0], TEXTS, erased), 0)
    const answers = await Promise.all(loops)
    assert.equal(await numberOf(servers[0], TEXTS, erased), 0)
    const sent = answers.flat().filter((answer) => answer.status === 201).length
    assert.equal(await numberOf(servers[0], STORED, id), sent, 'the messages keep their places')
    for (const [i, [from]] of pairs.entries())
      assert.equal(answers[i]?.at(-1)?.status, from === erased ? 401 : 403)
  }
})

test('a read against a delete and a send: what came after it is not marked read', async () => {
  const [ada, bob] = (await newCommunity(servers[0], 'read', 'bob')) as [string, string]
  const read = (snug: TestSnug, message_id: string) =>
    snug.call('POST', `${messages('read')}/${bob}/read`, { as: ada, body: { message_id } })
  for (const round of count(40)) {
    const { id } = await servers[0].send('read', bob, ada, `first ${round}`)
    const [marked, last] = await Promise.all([
      read(servers[round % 2 === 0 ? 0 : 1], id),
      (async () => {
        await servers[0].call('DELETE', `${messages('read')}/${id}`, { as: bob })
        return servers[0].send('read', bob, ada, `second ${round}`)
      })(),
    ])
    assert.ok([200, 422].includes(marked.status), String(marked.status))
    const { body } = await servers[1].call('GET', `${messages('read')}/conversations`, { as: ada })
    assert.equal(body.data[0].unread_count, 1)
    assert.deepEqual((await read(servers[1], last.id)).body, { unread_count: 0 })
  }
})

test('a community that changes hands against sends: nothing is lost or doubled', async () => {
  const people = await newCommunity(servers[0], 'hands', 'bob', 'cyd', 'dan')
  const [ada, bob, cyd, dan] = people as [string, string, string, string]
  let changing = true
  const sent = new Map<string, string>()
  const send = async (from: string, to: string, i: number) => {
    for (let n = 0; changing; n++) {
      const content = `${from} to ${to} ${n}`
      const answer = await trySend(servers[i % 2] as TestSnug, { from, to, content })
      if (answer.status === 201) assertOwn(answer, { from, to, content })
      else assert.equal(answer.status, 403)
      if (answer.status === 201) sent.set(answer.body.id, content)
    }
  }
  const pairs = [
    [ada, cyd],
    [cyd, ada],
    [bob, cyd],
    [cyd, bob],
    [dan, ada],
    [dan, bob],
    [ada, bob],
    [bob, ada],
  ]
  const loops = pairs.map(([from, to], i) => send(from as string, to as string, i))
  for (const round of count(20)) {
    await servers[round % 2 === 0 ? 0 : 1].community('hands', round % 2 === 0 ? bob : ada)
    await servers[0].member('hands', ada)
  }
  changing = false
  await Promise.all(loops)
  const rows = await servers[0].db.query<{ id: string; content: string }>(stored, ['hands'])
  assert.deepEqual(new Map(rows.map(({ id, content }) => [id, content])), sent)
  assert.equal(rows.length, sent.size)
})

const stored = {
  name: 'test.stored',
  text: 'select m.id, m.content from messages m join communities c on c.key = m.community_key where c.id = $1',
}

test('people are told of anew while communities are handed to them: both are done', async () => {
  const [ada, bob] = (await newCommunity(servers[0], 'told', 'bob')) as [string, string]
  for (const round of count(40)) {
    const creator = round % 2 === 0 ? bob : ada
    const answers = await Promise.all([
      servers[0].call('PUT', '/service/v1/communities/told', {
        service: true,
        body: { name: 'told', creator_id: creator },
      }),
      ...[ada, bob].map((id, i) =>
        servers[i as 0 | 1].call('PUT', `/service/v1/users/${id}`, {
          service: true,
          body: { username: `${id} ${round}` },
        }),
      ),
      servers[1].call('PUT', `/service/v1/communities/told/members/${ada}`, {
        service: true,
        body: { status: 'active' },
      }),
    ])
    for (const { status, body } of answers) assert.ok(status < 300, JSON.stringify(body))
  }
})

test('the tables hold, and nothing deadlocked', () => assertSound(...servers))
