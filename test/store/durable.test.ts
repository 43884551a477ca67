import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { type Db, openDb } from '../../src/store/db.ts'
import { newDatabase, newSnug } from '../kit.ts'
import { openTestDb } from './kit.ts'

async function show(db: Pick<Db, 'query'>, setting: string): Promise<string | undefined> {
  const [row] = await db.query<{ value: string }>({
    name: `test.show ${setting}`,
    text: `select current_setting('${setting}') as value`,
  })
  return row?.value
}

test('what is answered is on the disk: the server writes through, whole pages as well', async () => {
  const db = openTestDb(await newDatabase())
  for (const setting of ['fsync', 'full_page_writes']) assert.equal(await show(db, setting), 'on')
})

test("every connection waits for its commit, also where the database's own default does not", async () => {
  const url = await newDatabase()
  const before = openTestDb(url)
  const name = new URL(url).pathname.slice(1)
  await before.query({ name: 'test.alter', text: `alter database ${name} set synchronous_commit = off` })
  // A connection without Snug's settings: the default is off indeed.
  const plain = new pg.Client({ connectionString: url })
  await plain.connect()
  assert.equal((await plain.query('show synchronous_commit')).rows[0].synchronous_commit, 'off')
  await plain.end()
  const { snug } = await newSnug(url)
  const { db } = snug.database
  const connections = await Promise.all(
    Array.from({ length: 12 }, () => db.transaction((tx) => show(tx, 'synchronous_commit'))),
  )
  assert.deepEqual(new Set(connections), new Set(['on']))
  assert.equal(await db.patiently((patient) => show(patient, 'synchronous_commit')), 'on')
  const client = await db.dedicated('snug test')
  assert.equal((await client.query('show synchronous_commit')).rows[0].synchronous_commit, 'on')
  await client.end()
})

test('the answer of a write comes after its commit: whoever looks then sees it', async () => {
  const snug = await newSnug()
  await snug.users('ada', 'bob')
  await snug.community('c', 'ada')
  await snug.member('c', 'bob')
  const other = openDb({ connectionString: snug.databaseUrl }, { log: () => {}, connections: 1 })
  const stored = async (id: string) => {
    const statement = { name: 'test.stored', text: 'select count(*) as n from messages where id = $1::uuid' }
    const [row] = await other.query<{ n: number }>(statement, [id])
    return row?.n
  }
  for (let i = 0; i < 40; i++) {
    const { id } = await snug.send('c', i % 2 === 0 ? 'ada' : 'bob', i % 2 === 0 ? 'bob' : 'ada', `${i}`)
    assert.equal(await stored(id), 1)
    const path = `/api/v1/communities/c/messages/${id}`
    await snug.call('DELETE', path, { as: i % 2 === 0 ? 'ada' : 'bob' })
    assert.equal(await stored(id), 0)
  }
  await other.close()
})
