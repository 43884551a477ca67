import assert from 'node:assert/strict'
import type pg from 'pg'
import { openDb, type Queryable, queryable } from '../../src/store/db.ts'
import { type Answer, newSnug, type TestSnug } from '../kit.ts'
import { brokenInvariants } from '../model/invariants.ts'

export interface Sending {
  readonly community?: string
  readonly from: string
  readonly to: string
  readonly content: string
  readonly key?: string
}

/** Two servers on one database. */
export async function twoServers(): Promise<readonly [TestSnug, TestSnug]> {
  const first = await newSnug()
  return [first, await newSnug(first.databaseUrl)]
}

/** A community of its own for each test: a creator `<id>.ada` and active members by the names given. */
export async function newCommunity(snug: TestSnug, id: string, ...members: string[]): Promise<string[]> {
  const people = ['ada', ...members].map((name) => `${id}.${name}`)
  await snug.users(...people)
  await snug.community(id, people[0] as string)
  for (const member of people.slice(1)) await snug.member(id, member)
  return people
}

/** Sends as a client does. The community is the part of the sender's id before the point, unless it is named. */
export function trySend(snug: TestSnug, { community, from, to, content, key }: Sending): Promise<Answer> {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
  return snug.call('POST', `/api/v1/communities/${community ?? from.split('.')[0]}/messages`, {
    as: from,
    headers,
    body: { recipient_id: to, content },
  })
}

/** The message that was asked for, and no other's: a batch must not mix up its answers. */
export function assertOwn(answer: Answer, { from, to, content }: Sending): void {
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  const { sender, recipient } = answer.body
  assert.deepEqual([sender.id, recipient.id, answer.body.content], [from, to, content])
}

/** The whole thread, by its pages. */
export async function threadOf(snug: TestSnug, community: string, as: string, other: string) {
  const messages: { id: string; content: string; sender: { id: string } }[] = []
  for (let page = 1; ; page++) {
    const path = `/api/v1/communities/${community}/messages/${other}?page=${page}&per_page=100`
    const { status, body } = await snug.call('GET', path, { as })
    assert.equal(status, 200)
    messages.push(...body.data)
    if (!body.has_more) {
      assert.equal(body.total, messages.length)
      return messages
    }
  }
}

/** Stops the servers, so that every connection has told its numbers; then looks that the tables hold and nothing deadlocked. */
export async function assertSound(...servers: readonly TestSnug[]): Promise<void> {
  const [{ databaseUrl, db }] = servers as readonly [TestSnug]
  assert.deepEqual(await db.patiently((patient) => brokenInvariants(patient)), [])
  await Promise.all(servers.map(({ snug }) => snug.stop()))
  const after = openDb({ connectionString: databaseUrl }, { log: () => {}, connections: 1 })
  try {
    await poll(async () => {
      const [row] = await after.query<{ left: number }>({
        name: 'test.connections',
        text: `select count(*) as left from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
      })
      return row?.left === 0
    })
    const [row] = await after.query<{ deadlocks: number }>({
      name: 'test.deadlocks',
      text: 'select deadlocks from pg_stat_database where datname = current_database()',
    })
    assert.equal(row?.deadlocks, 0)
  } finally {
    await after.close()
  }
}

/** Asks again and again until it is so. @throws {Error} after 10 s */
export async function poll(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not come to be within 10 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A number from the database. */
export async function numberOf(snug: TestSnug, text: string, ...values: unknown[]): Promise<number> {
  const [row] = await snug.db.query<{ n: number }>({ name: `test ${text}`.slice(0, 60), text }, values)
  return row?.n ?? Number.NaN
}

/**
 * Holds a transaction open over `work`, then runs `meet`, which starts what has to wait for it, then, as soon as somebody does,
 * commits. So both meet at the same lock every time. @returns what `meet` gave
 */
export async function meeting<T>(
  snug: TestSnug,
  work: (tx: Queryable) => Promise<unknown>,
  meet: () => Promise<T>,
): Promise<T> {
  const client = await snug.db.dedicated('snug test')
  try {
    await client.query('begin')
    await work(queryable(client))
    const met = meet()
    // What it comes to is looked at below; here it only must not be left alone.
    met.catch(() => {})
    await poll(() => isWaitedFor(snug, client))
    await client.query('commit')
    return await met
  } finally {
    await client.end()
  }
}

async function isWaitedFor(snug: TestSnug, client: pg.Client): Promise<boolean> {
  const { rows } = await client.query('select pg_backend_pid() as pid')
  const text = 'select count(*) as n from pg_stat_activity where $1::integer = any (pg_blocking_pids(pid))'
  return (await numberOf(snug, text, rows[0].pid)) > 0
}
