import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { wakeWaiting } from '../../src/store/settings.ts'
import { newDatabase } from '../kit.ts'
import { explain, faultsOfPlan, mostRows } from './explain.ts'
import { loadAllStatements, openTestDb } from './kit.ts'

// A user changes a setting while 100,000 notifications wait, 300 of them theirs, in tables that were never analyzed: as it is in the
// first minutes after a rush.

await loadAllStatements()
const db = openTestDb(await newDatabase())
// With the settings of every connection of Snug's, the generic plan among them.
const client = await db.dedicated('snug test')
after(() => client.end())

const USER = 7
const OWN = 300
await client.query('alter table notifications set (autovacuum_enabled = off)')
await client.query(`
  insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, gather, due_at)
  select gen_random_uuid(), channel, 1, 1, n, case when n <= ${OWN} then ${USER} else 1000 + n % 5000 end, n, 'waiting',
    'conversation', now() + interval '1 day'
  from generate_series(1, 50000) n, unnest(array['email', 'push']) channel`)

const due = async (channel: string) => {
  const { rows } = await client.query(
    'select count(*)::integer as n from notifications where recipient_key = $1 and channel = $2 and due_at <= now()',
    [USER, channel],
  )
  return rows[0].n as number
}

test('what waits for one user is found by the user, and each row by its key', async () => {
  await client.query('begin')
  const plan = await explain(client, 'settings.wake_waiting', `${USER}, 'email', 5000`, true)
  await client.query('rollback')
  // Without statistics a bitmap over an index range is as good as the range.
  const faults = faultsOfPlan(plan).filter((fault) => !fault.startsWith('Bitmap Heap Scan'))
  assert.deepEqual(faults, [])
  assert.ok(mostRows(plan) <= 2 * OWN, `a node read ${mostRows(plan)} rows`)
})

test('rows that somebody is at are waited for by nobody; only the channel of the setting is woken', async () => {
  const other = await db.dedicated('snug test')
  try {
    await other.query('begin')
    await other.query(
      `select from notifications where recipient_key = $1 and channel = 'email' and position <= 100 for update`,
      [USER],
    )
    await db.transaction((tx) => wakeWaiting(tx, USER, 'email'))
    assert.equal(await due('email'), OWN - 100)
    assert.equal(await due('push'), 0)
    await other.query('rollback')
  } finally {
    await other.end()
  }
  await db.transaction((tx) => wakeWaiting(tx, USER, 'email'))
  assert.equal(await due('email'), OWN)
})

test('no more at once than a statement can do in its time', async () => {
  const many = 8
  await client.query(
    `insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, due_at)
     select gen_random_uuid(), 'push', 1, 1, 2, $1, n, 'waiting', now() + interval '1 day' from generate_series(1, 5100) n`,
    [many],
  )
  await db.transaction((tx) => wakeWaiting(tx, many, 'push'))
  const { rows } = await client.query(
    'select count(*)::integer as n from notifications where recipient_key = $1 and due_at <= now()',
    [many],
  )
  assert.equal(rows[0].n, 5_000)
})
