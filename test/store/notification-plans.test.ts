import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type pg from 'pg'
import { newDatabase } from '../kit.ts'
import { type Exceptions, explain, faultsOfPlan, mostRows, type PlanNode } from './explain.ts'
import { loadAllStatements, openTestDb } from './kit.ts'

// The statements of notifications, explained over tables of a month: 300,000 that are settled and 20,000 that wait. And once more
// on a table of which PostgreSQL knows nothing yet, as it is in the first minutes after a rush.

await loadAllStatements()

const SETTLED = 300_000
const WAITING = 20_000
const WORKERS = 8
const WORKER = 7
/** In the middle of all communities, so that nothing is found by beginning at one end. */
const COMMUNITY = 2_500
/** What the relay has not come to yet. */
const OUTBOX = 1_000
// Settled ones are made first, so that they have the lower ids.
const uuid = (n: string) => `(lpad(to_hex(${n}), 12, '0') || '7000800000000000' || lpad('', 4, '0'))::uuid`
const id = (n: number) => `${n.toString(16).padStart(12, '0')}70008000${'0'.repeat(12)}`

const PEOPLE = `
  insert into users (id, username, email) select 'u' || n, 'name of ' || n, n || '@example.com' from generate_series(1, 65001) n;
  insert into communities (id, name, creator_key) select 'c' || n, 'Community', 1 from generate_series(1, 5000) n;
  insert into members (community_key, user_key, id, status, joined_at)
    select ${COMMUNITY}, n, ${uuid('n')}, 'active', now() from generate_series(2, 5001) n;
  insert into members (community_key, user_key, id, status, joined_at)
    select 2 + n % 4999, n, ${uuid('n')}, 'active', now() from generate_series(5002, 65001) n;
  insert into outbox (kind, community_key, low_key, high_key, message_id, position, user_key)
    select 'message.created', ${COMMUNITY}, 1, n, ${uuid('400000 + n')}, 9, n from generate_series(2, ${OUTBOX}) n;
  insert into conversations (community_key, low_key, high_key, key, id, last_position, last_message_id, last_sender_key,
      low_read, high_read, active_at)
    overriding system value
    select ${COMMUNITY}, 1, n, n, ${uuid('n')}, 8, ${uuid('n')}, 1, 8, 4, now() from generate_series(2, 5001) n;
  insert into messages (community_key, conversation_key, sender_key, recipient_key, created_at, id, position, content)
    select ${COMMUNITY}, 2 + n % 5000, 1, 2 + n % 5000, now(), ${uuid('n')}, 1 + n / 5000, 'Message' from generate_series(300001, 320000) n;
  insert into devices (id, user_key, platform, address) select 'phone-' || n, n, 'fcm', 'token-' || n
    from generate_series(2, 5001) n;
  insert into workers (alive_until) select now() + interval '1 hour' from generate_series(1, ${WORKERS})`

// Of those that wait some are on lease, some gathered, most due. Of those that are settled a few have failed.
const NOTIFICATIONS = `
  insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, gather, due_at,
      worker_key, settled_at)
    select ${uuid('n')}, channel, ${COMMUNITY}, 1, 2 + n % 5000, 2 + n % 5000, 1 + (n - 1) % 4,
      case when n > ${SETTLED} then 'waiting' when n % 5000 = 0 then 'failed' else 'sent' end,
      case when n % 10 <> 0 then 'none' when channel = 'email' then 'conversation' else 'recipient' end,
      now() - interval '1 hour' + n * interval '1 millisecond',
      case when n > ${SETTLED} and n % 100 = 7 then ${WORKER} end,
      case when n <= ${SETTLED} then now() end
    from generate_series($FROM$, ${SETTLED + WAITING}) n, unnest(array['email', 'push']) channel`

const TABLES = [
  'notifications',
  'users',
  'communities',
  'members',
  'conversations',
  'messages',
  'devices',
  'workers',
  'outbox',
]

/** Tables of which nothing is known unless a test has them analyzed. The clients have the settings of Snug's connections. */
async function newTables(): Promise<{ client(): Promise<pg.Client>; fill(from: number): Promise<void> }> {
  const db = openTestDb(await newDatabase())
  const newClient = async () => {
    const client = await db.dedicated('snug test')
    after(() => client.end())
    return client
  }
  return {
    client: newClient,
    async fill(from) {
      const client = await newClient()
      for (const table of TABLES) await client.query(`alter table ${table} set (autovacuum_enabled = off)`)
      await client.query(PEOPLE)
      await client.query(NOTIFICATIONS.replace('$FROM$', String(from)))
    },
  }
}

const list = (items: readonly (string | number | null)[], type: string) =>
  `array[${items.map((item) => (typeof item === 'string' ? `'${item}'` : String(item))).join()}]::${type}[]`
const fill = <T>(n: number, of: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => of(i))
const lists = (types: string, of: (i: number) => (string | number | null)[], n: number) =>
  types
    .split(' ')
    .map((type, column) =>
      list(
        fill(n, (i) => of(i)[column] ?? null),
        type,
      ),
    )
    .join()

// A hundred at a time, of what waits.
const BATCH = 100
const first = SETTLED + 1
const message = (i: number) => id(first + i)
const member = (i: number) => 2 + ((first + i) % 5_000)
/** Those that worker 7 has on lease. */
const leased = (i: number) => id(SETTLED + 7 + 100 * i)

interface Hot extends Exceptions {
  readonly values: string
  /** The most rows that a node may read: a small multiple of what was asked for. */
  readonly rows: number
  /** Tables that are read whole, since they are always short. */
  readonly whole?: readonly string[]
}

const HOT: Readonly<Record<string, Hot>> = {
  'notifications.insert': {
    values: lists(
      'uuid text bigint bigint bigint bigint integer text text text float8',
      (i) => [id(900_000 + i), 'email', COMMUNITY, 1, member(i), member(i), 9, 'waiting', null, 'none', null],
      BATCH,
    ),
    rows: BATCH,
  },
  'notifications.withdraw': {
    values: lists('bigint bigint bigint bigint', (i) => [member(i), COMMUNITY, 1, member(i)], BATCH),
    // Two channels, four messages of each.
    rows: 10 * BATCH,
  },
  // Whatever is due is read in the order of the index, which ends when there is enough; what is the first of those that go together
  // is found by sorting those.
  'notifications.claim': { values: `'email', 8, ${BATCH}`, sorts: true, rows: 8 * BATCH },
  'notifications.claim_others_of_recipient': { values: `'push', 8, 302, 1000`, rows: 10 },
  'notifications.claim_others_of_conversation': {
    values: `'email', 8, 302, 1000, ${COMMUNITY}, 1, 302`,
    rows: 10,
  },
  'notifications.settle': {
    values: `${WORKER}, ${lists(
      'uuid text text text text float8 boolean text jsonb bigint',
      (i) => [leased(i), 'email', 'sent', null, 'none', null, 'true', null, null, member(i)],
      BATCH,
    ).replaceAll(`'true'`, 'true')}`,
    rows: 2 * BATCH,
  },
  'notifications.facts': {
    values: `${lists('uuid bigint bigint bigint integer bigint', (i) => [message(i), COMMUNITY, 1, member(i), 5, member(i)], BATCH)}, true`,
    rows: 2 * BATCH,
  },
  // Sorted is what is grouped: the members' own communities.
  'notifications.badges': {
    values: list(fill(BATCH, member), 'bigint'),
    sorts: true,
    bitmaps: ['communities_by_past_creator'],
    rows: 4 * BATCH,
  },
  'sent_journal.record': {
    values: lists(
      'uuid text text',
      (i) => [message(i), i % 2 ? 'email' : 'push', i % 2 ? null : 'phone'],
      BATCH,
    ),
    // What is asked for, by the message.
    ...{ sorts: true, rows: 4 * BATCH },
  },
  'workers.renew': { values: '1, 15000', rows: 1 },
  // Nobody has left anything behind: what is on lease is compared with who lives, and nothing that merely waits.
  'workers.free': { values: '1000', whole: ['workers'], rows: WORKERS * 2 * (WAITING / 100) },
  'workers.leave': { values: String(WORKER), rows: 2 * (WAITING / 100) },
  // An operator's question: what the relay and the queue have not come to yet is looked through for it.
  'notification_records.of_message': {
    values: `'${message(5)}'`,
    ...{ whole: ['outbox', 'notification_batches'], sorts: true, rows: OUTBOX },
  },
  'notification_records.failed': { values: '20', limited: ['notifications_failed'], rows: 40 },
  'notification_records.retry': { values: 'null, 20', limited: ['notifications_failed'], rows: 40 },
  'notification_records.sweep': { values: `'${id(5_000)}', ${BATCH}`, rows: 2 * BATCH },
}

/** Runs in a transaction that is undone, since most of them write. */
async function analyzed(client: pg.Client, name: string): Promise<PlanNode> {
  await client.query('begin')
  try {
    const { values } = HOT[name] as Hot
    return await explain(client, name, values, true)
  } finally {
    await client.query('rollback')
  }
}

const month = await newTables()
await month.fill(1)
const client = await month.client()
await client.query('vacuum analyze')

for (const [name, { rows, whole = [], ...exceptions }] of Object.entries(HOT))
  test(`${name} reads index ranges only, and no more rows than it needs`, async () => {
    const plan = await analyzed(client, name)
    const faults = faultsOfPlan(plan, exceptions)
    const known = (fault: string) => whole.some((table) => fault.includes(` on ${table} `))
    assert.deepEqual(
      faults.filter((fault) => !known(fault)),
      [],
    )
    assert.ok(mostRows(plan) <= rows, `a node read ${mostRows(plan)} rows`)
    // What was asked for is there: an answer of nothing would prove nothing.
    assert.ok(mostRows(plan) > 0)
  })

// What is asked for by its primary key, of 20,000 that wait: another index would have to be walked for each of them.
const BY_KEY = ['notifications.claim', 'notifications.settle', 'sent_journal.record', 'workers.free']

test('in a rush, on tables that were never analyzed, planned while they were empty or afterwards', async () => {
  const rush = await newTables()
  const early = await rush.client()
  const names = Object.keys(HOT)
  for (const name of names) await analyzed(early, name)
  await rush.fill(first)
  const late = await rush.client()
  for (const [when, one] of Object.entries({ early, late })) {
    for (const name of names) {
      const plan = await analyzed(one, name)
      const rows = mostRows(plan)
      assert.ok(rows <= 2 * (HOT[name] as Hot).rows, `${when} ${name}: a node read ${rows} rows`)
      if (BY_KEY.includes(name)) assert.match(JSON.stringify(plan), /"notifications_pkey"/, `${when} ${name}`)
    }
  }
})
