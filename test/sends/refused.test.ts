import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSendMessage } from '../../src/actions/send-message.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { newSnug } from '../kit.ts'
import { assertOwn, assertSound, newCommunity, numberOf, threadOf, trySend } from './kit.ts'

const snug = await newSnug()
const count = (n: number) => Array.from({ length: n }, (_, i) => i)

test('a send that the database itself refuses does not fail its neighbours', async () => {
  const [ada, bob] = (await newCommunity(snug, 'trigger', 'bob')) as [string, string]
  await snug.db.query({
    name: 'test.function',
    text: `create function poison() returns trigger language plpgsql as $$
      begin if new.content like 'poison%' then raise 'not this one'; end if; return new; end $$`,
  })
  await snug.db.query({
    name: 'test.trigger',
    text: 'create trigger poison before insert on messages for each row execute function poison()',
  })
  const sends = count(40).map((i) => {
    const content = i % 10 === 4 ? `poison ${i}` : `good ${i}`
    return { from: i % 2 === 0 ? ada : bob, to: i % 2 === 0 ? bob : ada, content, key: `key-${i}` }
  })
  const answers = await Promise.all(sends.map((send) => trySend(snug, send)))
  for (const [i, answer] of answers.entries()) {
    if (i % 10 !== 4) assertOwn(answer, sends[i] as (typeof sends)[number])
    else assert.deepEqual([answer.status, answer.body], [500, { message: 'Internal Server Error' }])
  }
  assert.equal((await threadOf(snug, 'trigger', ada, bob)).length, 36)
  // Nothing of the refused ones is left behind: their keys send them when the database takes them.
  await snug.db.query({ name: 'test.undo', text: 'drop trigger poison on messages' })
  const again = await trySend(snug, sends[4] as (typeof sends)[number])
  assertOwn(again, sends[4] as (typeof sends)[number])
  assert.equal(again.headers['idempotent-replayed'], undefined)
})

test('more than may wait are refused at once, the others are all sent', async () => {
  const [ada, bob] = (await newCommunity(snug, 'crowd', 'bob')) as [string, string]
  const send = createSendMessage(snug.db)
  const [accepted, more] = [10_000, 200]
  const asked = count(accepted + more).map((i) =>
    send({
      callerId: ada,
      communityId: 'crowd',
      recipientId: bob,
      idempotencyKey: null,
      content: String(i),
      faults: [],
    }),
  )
  const settled = await Promise.allSettled(asked)
  const refused = settled.flatMap((one, i) => (one.status === 'rejected' ? [{ i, reason: one.reason }] : []))
  assert.deepEqual(
    refused.map(({ i }) => i),
    count(more).map((i) => accepted + i),
  )
  for (const { reason } of refused) assert.ok(reason instanceof StoreUnavailable)
  const STORED = `select count(*) as n from messages m join communities c on c.key = m.community_key where c.id = 'crowd'`
  assert.equal(await numberOf(snug, STORED), accepted)
})

test('the tables hold, and nothing deadlocked', () => assertSound(snug))
