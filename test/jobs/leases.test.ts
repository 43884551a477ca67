import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Channel } from '../../src/domain/delivery.ts'
import type { Db } from '../../src/store/db.ts'
import {
  claimNotifications,
  claimOthers,
  insertNotifications,
  type LeasedNotification,
  type NewNotification,
  type Settlement,
  settleNotifications,
} from '../../src/store/notifications.ts'
import { sql } from '../../src/store/sql.ts'
import { buryWorkers, joinWorkers, leaveWorkers, renewLease } from '../../src/store/workers.ts'
import { newDatabase } from '../kit.ts'
import { openTestDb } from '../store/kit.ts'

// Whose a notification is, by the rules of the store alone: claims, leases, deaths, and what goes out together.

const LONG = 600_000
/** A lease that has passed when it is granted. */
const OVER = -1

const uuid = (n: number) => `01900000-0000-7000-8000-${n.toString().padStart(12, '0')}`

/** A message in the conversation of user 1 with a recipient, due at once, that goes out by itself. */
function waiting(n: number, more: Partial<NewNotification> = {}): NewNotification {
  const recipientKey = more.recipientKey ?? 2
  return {
    messageId: uuid(n),
    channel: 'email',
    communityKey: 1,
    lowKey: 1,
    highKey: recipientKey,
    recipientKey,
    position: n,
    state: 'waiting',
    reason: null,
    gather: 'none',
    dueAt: null,
    ...more,
  }
}

const sent = ({ messageId, channel, recipientKey, gather }: LeasedNotification): Settlement => ({
  ...{ messageId, channel, recipientKey, gather, state: 'sent', tried: true },
  ...{ reason: null, dueAt: null, error: null, devices: null },
})

const all = sql<{ id: string; state: string; workerKey: number | null }>(
  'test.all_notifications',
  `select message_id as id, state, worker_key as "workerKey" from notifications order by 1`,
)

const users = sql<never>(
  'test.users',
  `insert into users (id, username) select 'u' || n, 'name of ' || n from generate_series(1, 300) n`,
)

async function newStore(rows: readonly NewNotification[]): Promise<Db> {
  const db = openTestDb(await newDatabase())
  await db.query(users)
  await insertNotifications(db, rows)
  return db
}

/** What is due, and whatever goes out together with it, as a worker does before it sends. */
async function claim(db: Db, worker: number, limit = 100, channel: Channel = 'email') {
  const all: LeasedNotification[] = []
  for (const one of await claimNotifications(db, channel, worker, limit))
    all.push(...(await claimOthers(db, worker, one)))
  return all
}
const numbers = (leased: readonly LeasedNotification[]) =>
  leased.map(({ messageId }) => Number(messageId.slice(24))).sort((a, b) => a - b)

test('what one worker has on lease is nobody else’s for as long as the lease runs', async () => {
  const db = await newStore([waiting(1), waiting(2), waiting(3)])
  const [one, other] = [await joinWorkers(db, LONG), await joinWorkers(db, LONG)]
  assert.deepEqual(numbers(await claim(db, one, 2)).length, 2)
  assert.equal(await buryWorkers(db, other), 0)
  assert.equal((await claim(db, other)).length, 1)
  assert.equal((await claim(db, other)).length, 0)
  assert.equal(await renewLease(db, one, LONG), true)
})

test('a lease that has passed: another frees what was on it, and sends it', async () => {
  const db = await newStore([waiting(1), waiting(2), waiting(3)])
  const dead = await joinWorkers(db, LONG)
  const heir = await joinWorkers(db, LONG)
  const [first, ...held] = await claim(db, dead)
  await settleNotifications(db, dead, [sent(first!)])
  await renewLease(db, dead, OVER)
  assert.deepEqual(await claim(db, heir), [], 'not before somebody looks')
  assert.equal(await buryWorkers(db, heir), 2)
  const inherited = await claim(db, heir)
  assert.deepEqual(numbers(inherited), numbers(held), 'what was sent is left alone')
  await settleNotifications(db, heir, inherited.map(sent))
  assert.ok((await db.query(all)).every(({ state, workerKey }) => state === 'sent' && workerKey === null))
})

test('whoever was taken for dead is told so, and records nothing but what was sent', async () => {
  const db = await newStore([waiting(1), waiting(2), waiting(3), waiting(4)])
  const slow = await joinWorkers(db, LONG)
  const heir = await joinWorkers(db, LONG)
  const held = (await claim(db, slow)).toSorted((a, b) => (a.messageId < b.messageId ? -1 : 1))
  await renewLease(db, slow, OVER)
  await buryWorkers(db, heir)
  assert.equal(await renewLease(db, slow, LONG), false)
  const [one, two, three, four] = held.map(sent) as [Settlement, Settlement, Settlement, Settlement]
  const late: Settlement[] = [
    { ...one, state: 'failed', error: 'as the dead one saw it' },
    { ...two, state: 'skipped', reason: 'read' },
    { ...three, state: 'waiting', reason: 'retry', dueAt: Date.now() + LONG, error: '451' },
  ]
  const states = async () => (await db.query(all)).map(({ state, workerKey }) => [state, workerKey])
  const waits = ['waiting', null]
  await settleNotifications(db, slow, late)
  assert.deepEqual(await states(), [waits, waits, waits, waits], 'free again')
  assert.equal((await claim(db, heir)).length, 4)
  // What a service has taken must not be sent again, whosever it is.
  await settleNotifications(db, slow, [...late, four])
  const his = ['waiting', heir]
  assert.deepEqual(await states(), [his, his, his, ['sent', null]], 'another’s')
  await settleNotifications(db, heir, [{ ...one, state: 'failed', error: '550' }, two, three])
  await settleNotifications(db, heir, [{ ...four, state: 'failed', error: '550' }])
  await settleNotifications(db, slow, [...late, one])
  const settled = (await db.query(all)).map(({ state }) => state)
  assert.deepEqual(settled, ['failed', 'sent', 'sent', 'sent'], 'settled')
})

test('nobody buries themselves, however late they are', async () => {
  const db = await newStore([waiting(1)])
  const late = await joinWorkers(db, OVER)
  await claim(db, late)
  assert.equal(await buryWorkers(db, late), 0)
  assert.deepEqual(await db.query(all), [{ id: uuid(1), state: 'waiting', workerKey: late }])
  assert.equal(await renewLease(db, late, LONG), true)
})

test('a claim that was under way when its worker was buried is found all the same', async () => {
  const db = await newStore([waiting(1)])
  const [dead, heir] = [await joinWorkers(db, OVER), await joinWorkers(db, LONG)]
  assert.equal(await buryWorkers(db, heir), 0)
  assert.equal((await claim(db, dead)).length, 1)
  assert.equal(await buryWorkers(db, heir), 1)
  assert.equal((await claim(db, heir)).length, 1)
})

test('whoever leaves gives back what was claimed, and nothing of others’', async () => {
  const db = await newStore([waiting(1), waiting(2), waiting(3), waiting(4, { channel: 'push' })])
  const [leaver, stays] = [await joinWorkers(db, LONG), await joinWorkers(db, LONG)]
  const [first] = await claim(db, leaver, 1)
  await claim(db, leaver, 1)
  await claim(db, leaver, 1, 'push')
  const others = await claim(db, stays)
  await settleNotifications(db, leaver, [sent(first!)])
  await leaveWorkers(db, leaver)
  assert.equal((await claim(db, stays)).length, 1, 'without anybody having to look for the dead')
  assert.equal((await claim(db, stays, 100, 'push')).length, 1)
  assert.equal(others.length, 1)
  assert.equal(await renewLease(db, leaver, LONG), false)
})

test('what is put off comes back when its time comes, and not before', async () => {
  const db = await newStore([waiting(1)])
  const worker = await joinWorkers(db, LONG)
  const [one] = await claim(db, worker)
  const again = { ...sent(one!), state: 'waiting', reason: 'retry', error: '451 later' } as const
  await settleNotifications(db, worker, [{ ...again, dueAt: Date.now() + LONG }])
  assert.deepEqual(await claim(db, worker), [])
  await db.query(sql('test.due_all', 'update notifications set due_at = now()'))
  const [back] = await claim(db, worker)
  assert.equal(back?.attempts, 1)
  assert.ok(back.firstTriedAt && Math.abs(Date.now() - back.firstTriedAt) < LONG)
})

test('with the first of a conversation that is due the others go, due or not, whatever the limit', async () => {
  const later = Date.now() + LONG
  const gathered = { gather: 'conversation', reason: 'email_delay' } as const
  const db = await newStore([
    ...[1, 2, 3].map((n) => waiting(n, { ...gathered, dueAt: n === 1 ? null : later })),
    // The same conversation's, but not to be gathered, or another channel's, or another conversation's.
    waiting(4, { dueAt: later }),
    waiting(5, { ...gathered, dueAt: later, channel: 'push' }),
    waiting(6, { ...gathered, dueAt: later, communityKey: 9 }),
    waiting(7, { ...gathered, dueAt: later, recipientKey: 3 }),
  ])
  assert.deepEqual(numbers(await claim(db, await joinWorkers(db, LONG), 1)), [1, 2, 3])
})

test('what was held for somebody goes out with all that is held for them, in every conversation', async () => {
  const later = Date.now() + LONG
  const held = { channel: 'push', gather: 'recipient', reason: 'quiet_hours' } as const
  const db = await newStore([
    waiting(1, held),
    waiting(2, { ...held, dueAt: later }),
    waiting(3, { ...held, dueAt: later, communityKey: 9 }),
    waiting(4, { ...held, dueAt: later, recipientKey: 3 }),
    waiting(5, { ...held, gather: 'none', reason: null, dueAt: later }),
  ])
  assert.deepEqual(numbers(await claim(db, await joinWorkers(db, LONG), 1, 'push')), [1, 2, 3])
})

const blocked = sql<{ count: number }>(
  'test.blocked',
  `select count(*) as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
)

/** The same database, whose transactions have done their work and are not over until they are let. */
function holdTransactions(db: Db): { held: Db; reached: Promise<void>; end: () => void } {
  const [reached, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const held: Db = {
    ...db,
    transaction: (work) =>
      db.transaction(async (tx) => {
        const result = await work(tx)
        reached.resolve()
        await end.promise
        return result
      }),
  }
  return { held, reached: reached.promise, end: end.resolve }
}

/** Until the work is done, or waits for somebody else's transaction. */
async function doneOrBlocked(db: Db, work: Promise<unknown>): Promise<void> {
  let done = false
  void work.then(() => {
    done = true
  })
  const deadline = Date.now() + 2_000
  while (!done && (await db.query(blocked))[0]?.count === 0) assert.ok(Date.now() < deadline)
}

test('two claims at once: the second sees what the first has begun with, and takes nothing away from it', async () => {
  const gathered = { gather: 'conversation', reason: 'email_delay' } as const
  const db = await newStore([waiting(2, gathered), waiting(3, gathered)])
  const [one, other] = [await joinWorkers(db, LONG), await joinWorkers(db, LONG)]
  const { held, reached, end } = holdTransactions(db)
  const first = claim(held, one)
  await reached
  // Another of them, which the second comes upon before all others.
  await insertNotifications(db, [waiting(1, { ...gathered, dueAt: Date.now() - LONG })])
  const second = claim(db, other, 1)
  await doneOrBlocked(db, second)
  end()
  assert.deepEqual([numbers(await second), numbers(await first)], [[], [1, 2, 3]])
})

test('whoever only looks at what another has begun with does not keep the others from it', async () => {
  const gathered = { gather: 'conversation', reason: 'email_delay' } as const
  const db = await newStore([waiting(1, gathered), waiting(2, gathered), waiting(3, gathered)])
  const [one, other] = [await joinWorkers(db, LONG), await joinWorkers(db, LONG)]
  const [first] = await claimNotifications(db, 'email', one, 1)
  const { held, reached, end } = holdTransactions(db)
  const looking = claim(held, other)
  await reached
  const together = claimOthers(db, one, first!)
  await doneOrBlocked(db, together)
  end()
  assert.deepEqual([numbers(await looking), numbers(await together)], [[], [1, 2, 3]])
})

test('workers that claim at once: each notification is one’s, and a conversation is never taken apart', async () => {
  const [conversations, messages] = [120, 8]
  // The messages of each lie far apart in the order of what is due.
  const rows = Array.from({ length: conversations * messages }, (_, i) =>
    waiting(i, {
      gather: 'conversation',
      recipientKey: 2 + (i % conversations),
      dueAt: Date.now() - LONG + i,
    }),
  )
  const single = Array.from({ length: 200 }, (_, i) => waiting(100_000 + i, { recipientKey: 2 + i }))
  const db = await newStore([...rows, ...single])
  const claims: LeasedNotification[][] = []
  const deadline = Date.now() + 20_000
  let left = rows.length + single.length
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const worker = await joinWorkers(db, LONG)
      while (left > 0 && Date.now() < deadline) {
        const leased = await claim(db, worker, 3 + 5 * i)
        claims.push(leased)
        left -= leased.length
      }
    }),
  )
  const ids = claims.flatMap((leased) => leased.map(({ messageId }) => messageId))
  assert.equal(ids.length, rows.length + single.length)
  assert.equal(new Set(ids).size, ids.length)
  for (const leased of claims) {
    const gathered = leased.filter(({ gather }) => gather === 'conversation')
    for (const [, same] of Map.groupBy(gathered, ({ recipientKey }) => recipientKey))
      assert.equal(same.length, messages)
  }
})
