import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newDatabase } from '../kit.ts'
import { blocksOf, type Exceptions, explain, faultsOfPlan, mostRows, type PlanNode } from './explain.ts'
import { loadAllStatements, openTestDb } from './kit.ts'
import { MILLION, makeMillion, messageId } from './million.ts'

await loadAllStatements()
const db = openTestDb(await newDatabase())
// With the settings of every connection of Snug's, the generic plan among them.
const client = await db.dedicated('snug test')
after(() => client.end())

interface Hot extends Exceptions {
  readonly values: string
  /** The most rows that a node may read at a million messages: a small multiple of what was asked for. */
  readonly rows: number
  /** It writes, and answers nothing. */
  readonly silent?: true
}

const { thread } = MILLION
const deep = messageId(2, thread - 3)
const list = (items: readonly (string | number | null)[], type = 'text') =>
  `array[${items.map((item) => (typeof item === 'string' ? `'${item}'` : String(item))).join()}]::${type}[]`
const fill = <T>(n: number, of: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => of(i))

// A batch of 100 sends: to 99 members, to one of them twice, half of them with a key, half of those known.
const BATCH = 100
const members = fill(BATCH, (i) => 2 + (i % 99))
const facts = [
  list(fill(BATCH, () => 'u1')),
  list(fill(BATCH, () => 'c1')),
  list(members.map((n) => `u${n}`)),
  list(members.map((n, i) => (i % 2 === 0 ? null : `key-${n}`))),
]
const id = (i: number) => `ffff0000-0000-7000-8000-${i.toString().padStart(12, '0')}`
const write = [
  list(
    fill(BATCH, () => 1),
    'bigint',
  ),
  list(
    fill(BATCH, () => 1),
    'bigint',
  ),
  list(members, 'bigint'),
  list(
    fill(BATCH, (i) => id(2 * i + 1)),
    'uuid',
  ),
  list(
    fill(BATCH, (i) => id(2 * i)),
    'uuid',
  ),
  list(fill(BATCH, (i) => `text ${i}`)),
  list(fill(BATCH, (i) => (i % 2 === 0 ? null : `new-${i}`))),
  `'${id(999)}'`,
]
const lists = [
  list(fill(16, (i) => `u${i + 1}`)),
  list(fill(16, () => 'c1')),
  list(
    fill(16, () => 20),
    'bigint',
  ),
  list(
    fill(16, () => 0),
    'bigint',
  ),
  list(
    fill(16, () => null),
    'bigint',
  ),
  list(
    fill(16, () => null),
    'bigint',
  ),
]
const page = (number: number) => `'u1', 'c1', 'u2', 'page', ${number}, 50, null`

// 64 streams, one of them the creator's with 50 conversations that changed, the others ordinary members'.
const STREAMS = 64
const bigints = (of: (i: number) => number) => list(fill(STREAMS, of), 'bigint')
const changedAt = (conversation: number) => Date.UTC(2026, 0, 1) * 1_000 + conversation * 1_000_000
const pairs = [bigints(() => 1), bigints(() => 1), bigints((i) => i + 2)]
const resumes = [
  bigints((i) => i + 1),
  bigints((i) => changedAt(i === 0 ? MILLION.lastOfCreator - 49 : i + 1)),
]
const loads = [
  ...pairs,
  list(
    fill(STREAMS, (i) => messageId(i + 2, 5)),
    'uuid',
  ),
]

const HOT: Readonly<Record<string, Hot>> = {
  'sends.facts': { values: facts.join(), rows: 2 * BATCH },
  'sends.write': { values: write.join(), rows: 4 * BATCH },
  'conversations.list': { values: lists.join(), rows: 16 * 20 * 2 },
  'threads.read': { values: page(5_000), rows: 50 },
  'threads.facts': { values: `'u1', 'c1', 'u2', '${deep}'`, rows: 4 },
  'threads.marks': { values: `'u1', 'c1', 'u2'`, rows: 4 },
  'threads.mark_read': { values: `1, 2, 1, '${deep}'`, rows: 4 },
  'messages.deletion_facts': { values: `'u1', 'c1', '${deep}'`, rows: 4 },
  'messages.delete_last': { values: `1, '${messageId(2, thread)}'`, rows: 4 },
  'messages.one': { values: `1, '${deep}'`, rows: 4 },
  // The oldest rows in the order of the index, which ends when there are enough.
  'outbox.take': { values: '100', limited: ['outbox_pkey'], rows: 200 },
  // Sorted by name are the caller's own communities, as many as there are memberships. The creator has something unread in 500
  // conversations, and those are summed from an index that holds no others.
  'communities.of_user': {
    values: '1, 20, 0',
    bitmaps: ['communities_by_past_creator'],
    sorts: true,
    rows: 600,
  },
  'streams.admit': { values: list(fill(STREAMS, (i) => `u${i + 1}`)), rows: STREAMS },
  'streams.load': { values: loads.join(), rows: 2 * STREAMS },
  // Sorted are each stream's own, to be told once.
  'streams.resume': {
    values: resumes.join(),
    bitmaps: ['communities_by_past_creator'],
    sorts: true,
    rows: 4 * STREAMS,
  },
  // Of the thread of 250,000 messages 201, of the others 5 and 10.
  'streams.missed': { values: [...pairs, bigints((i) => changedAt(i + 2))].join(), sorts: true, rows: 600 },
  'streams.in_community': { values: `1, ${bigints((i) => i + 1)}`, rows: 2 * STREAMS },
  'touches.members': { values: `array[1], array[5]`, sorts: true, rows: 4 },
  'touches.members_late': { values: `array[1], array[5]`, sorts: true, rows: 4 },
  'touches.communities_of': {
    values: 'array[5]',
    bitmaps: ['communities_by_past_creator'],
    sorts: true,
    silent: true,
    rows: 4,
  },
  'touches.conversations_of': { values: 'array[5]', sorts: true, rows: 4 },
  'touches.conversations_of_late': { values: 'array[5]', sorts: true, rows: 4 },
  'users.find': { values: `'u77'`, rows: 1 },
  // Sorted are the few thousand that were chosen, by conversation, and no more messages than are looked at.
  'insights.days': {
    values: `1, 1, array['2026-01-01Z']::timestamptz[], '2026-01-01Z'`,
    sorts: true,
    rows: 20_000,
  },
  'insights.replies': {
    values: `1, 1, array['2026-01-01Z']::timestamptz[], '2026-01-01Z'`,
    sorts: true,
    rows: 20_000,
  },
  'insights.awaiting': { values: `1, 1, array[0, 3600]::numeric[]`, sorts: true, rows: 100_001 },
  'members.caller': { values: `'u77', 'c1'`, rows: 2 },
}

/** Runs in a transaction that is undone, since some of them write. */
async function analyzed(name: string, values: string): Promise<PlanNode> {
  await client.query('begin')
  try {
    return await explain(client, name, values, true)
  } finally {
    await client.query('rollback')
  }
}

test('on an empty database, whose plans a new server keeps until it is analyzed, no table is read or sorted', async () => {
  for (const [name, { values, ...exceptions }] of Object.entries(HOT)) {
    const faults = faultsOfPlan(await explain(client, name, values, false), exceptions)
    // Without statistics a bitmap over an index range is as good as the range.
    assert.deepEqual(
      faults.filter((fault) => !fault.startsWith('Bitmap Heap Scan')),
      [],
      name,
    )
  }
})

test('a million messages are made', async () => {
  await makeMillion(db)
  const { rows } = await client.query(`select count(*)::integer as n,
    count(*) filter (where community_key = 1 and conversation_key = 2)::integer as thread from messages`)
  assert.deepEqual(rows[0], { n: MILLION.messages, thread })
})

for (const [name, { values, rows, silent, ...exceptions }] of Object.entries(HOT)) {
  test(`${name} reads index ranges only, and no more rows than it needs`, async () => {
    const plan = await analyzed(name, values)
    assert.deepEqual(faultsOfPlan(plan, exceptions), [])
    assert.ok(mostRows(plan) <= rows, `a node read ${mostRows(plan)} rows`)
    // What was asked for is there: an answer of nothing would prove nothing.
    assert.ok(silent || (plan['Actual Rows'] ?? 0) > 0)
  })
}

test('any page of a thread costs what the first one costs', async () => {
  // Once before, so that all have the same caches of the system tables.
  await analyzed('threads.read', page(2))
  const first = blocksOf(await analyzed('threads.read', page(1)))
  const others = {
    'page 2,500': page(2_500),
    'page 5,000': page(5_000),
    'the last page': `'u1', 'c1', 'u2', 'last', null, 50, null`,
    'before a message': `'u1', 'c1', 'u2', 'before', null, 50, '${deep}'`,
    'after a message': `'u1', 'c1', 'u2', 'after', null, 50, '${messageId(2, 200_000)}'`,
  }
  for (const [name, values] of Object.entries(others)) {
    const blocks = blocksOf(await analyzed('threads.read', values))
    // A handful for the message that is looked up, and for rows that lie on one block more.
    assert.ok(blocks <= first + 8, `${name}: ${blocks} blocks, the first page ${first}`)
  }
})

test('the first page of 100,000 conversations costs a row what that of 10 costs', async () => {
  const perRow = async (user: string, community: string, rows: number) => {
    const values = [list([user]), list([community]), '$20', '$0', '$null', '$null']
    const arrays = values.map((value) =>
      value.startsWith('$') ? `array[${value.slice(1)}]::bigint[]` : value,
    )
    return blocksOf(await analyzed('conversations.list', arrays.join())) / rows
  }
  await perRow('u1', 'c1', 20)
  const small = await perRow('u100002', 'c2', 10)
  const large = await perRow('u1', 'c1', 20)
  assert.ok(large <= small * 1.3, `${large} blocks a row, ${small} in the small list`)
})

test('a plan that reads a table is found', async () => {
  const plan = async (text: string) => {
    const { rows } = await client.query(`explain (format json) ${text}`)
    return rows[0]['QUERY PLAN'][0].Plan as PlanNode
  }
  await client.query('set enable_seqscan = on')
  const seq = await plan('select * from messages where content = $$x$$')
  const sort = await plan('select * from members where community_key = 2 order by status')
  const whole = await plan('select key from outbox order by key')
  const ranges = await plan('select * from members where community_key = 2 and user_key = 5')
  await client.query('set enable_seqscan = off')
  assert.match(faultsOfPlan(seq).join(), /Seq Scan on messages/)
  assert.match(faultsOfPlan(sort).join(), /Sort over the rows of a table/)
  assert.match(faultsOfPlan(whole).join(), /all of Index Only Scan on outbox|Seq Scan on outbox/)
  assert.deepEqual(faultsOfPlan(ranges), [])
})
