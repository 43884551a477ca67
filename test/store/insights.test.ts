import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { awaitingByAge, messagesByPeriod, repliesByPeriod } from '../../src/store/insights.ts'
import { newDatabase } from '../kit.ts'
import { openTestDb } from './kit.ts'

// What bounds the cost of insights, whatever a creator has. Conversation n is with user n, and older than n - 1.

const db = openTestDb(await newDatabase())
const client = await db.dedicated('snug test')
after(() => client.end())
await client.query(`insert into users (id, username) values ('u1', 'Ada')`)
await client.query(
  `insert into communities (id, name, creator_key) select 'c' || n, 'C', 1 from generate_series(1, 3) n`,
)

const NOW = Date.parse('2026-11-25T12:00:00Z')
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString()
const time = { periods: [ago(1_000_000)], from: ago(1_000_000) }
const sinceOf = (since: string | null) => since && new Date(since).toISOString()

/** Conversations of a creator with key 1, each of so many messages, all of the second at which it was active last. */
async function fill(communityKey: number, conversations: number, each: number): Promise<void> {
  await client.query(
    `insert into conversations (community_key, low_key, high_key, key, id, last_position, last_sender_key, active_at)
     overriding system value
     select $1::bigint, 1, n, $1::bigint * 1000000 + n, gen_random_uuid(), $3, n, $4::timestamptz - n * interval '1 second'
     from generate_series(2, $2 + 1) n`,
    [communityKey, conversations, each, ago(0)],
  )
}
const write = (communityKey: number) =>
  client.query(
    `insert into messages (community_key, conversation_key, sender_key, recipient_key, created_at, id, position, content)
     select community_key, key, case p % 2 when 1 then high_key else 1 end, case p % 2 when 1 then 1 else high_key end,
       active_at, gen_random_uuid(), p, 'x'
     from conversations cross join lateral generate_series(1, last_position) p where community_key = $1`,
    [communityKey],
  )

test('2,000 conversations are looked at, and the next one tells from when on all is there', async () => {
  await fill(1, 2_000, 1)
  await write(1)
  const of = { communityKey: 1, creatorKey: 1 }
  const all = await messagesByPeriod(db, of, time)
  assert.deepEqual(all, { since: null, days: [{ period: 1, received: 2_000, sent: 0 }] })
  await client.query(
    `insert into conversations (community_key, low_key, high_key, id, last_position, last_sender_key, active_at)
     values (1, 1, 9999, gen_random_uuid(), 1, 9999, $1)`,
    [ago(2_001.5)],
  )
  const most = await messagesByPeriod(db, of, time)
  assert.deepEqual(most.days, all.days)
  assert.equal(sinceOf(most.since), ago(2_001))
  // Before what is asked for, it does not matter.
  const short = { periods: [ago(2_001)], from: ago(2_001) }
  assert.equal((await messagesByPeriod(db, of, short)).since, null)
})

test('20,000 messages are looked at', async () => {
  await fill(2, 41, 500)
  await write(2)
  const of = { communityKey: 2, creatorKey: 1 }
  const { since, days } = await messagesByPeriod(db, of, time)
  assert.deepEqual(days, [{ period: 1, received: 10_000, sent: 10_000 }])
  assert.equal(sinceOf(since), ago(41))
  const [week] = await repliesByPeriod(db, of, time)
  assert.deepEqual(week, { period: 1, replies: 10_000, medianSeconds: 0 })
})

test('100,000 conversations are looked at for what waits', async () => {
  await fill(3, 100_000, 1)
  const of = { communityKey: 3, creatorKey: 1 }
  const count = async () => {
    const { more, ages } = await awaitingByAge(db, of, [-1e9])
    return [more, ages.reduce((sum, one) => sum + one.conversations, 0)]
  }
  assert.deepEqual(await count(), [false, 100_000])
  await client.query(
    `insert into conversations (community_key, low_key, high_key, id, last_position, last_sender_key, active_at)
     values (3, 1, 999999, gen_random_uuid(), 1, 999999, $1)`,
    [ago(0)],
  )
  assert.deepEqual(await count(), [true, 100_000])
})
