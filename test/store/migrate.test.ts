import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '../../src/store/db.ts'
import { isMigrated, type Migration, migrate, readMigrations, SchemaError } from '../../src/store/migrate.ts'
import { newDatabase, newSnug } from '../kit.ts'
import { emptyDatabase, openTestDb } from './kit.ts'

const known = readMigrations()
const next = known.length + 1

const newer = (text: string, breaking = false): Migration => ({
  version: next,
  name: `000${next}-newer.sql`,
  text,
  breaking,
})

async function applied(db: Db): Promise<number[]> {
  const rows = await db.query<{ version: number }>({
    name: 'test.applied',
    text: 'select version from migrations order by version',
  })
  return rows.map(({ version }) => version)
}

async function hasTable(db: Db, name: string): Promise<boolean> {
  const statement = { name: 'test.table', text: 'select to_regclass($1) is not null as there' }
  const [row] = await db.query<{ there: boolean }>(statement, [name])
  return row?.there === true
}

test('two servers that start at once on an empty database both serve, and migrate it once', async () => {
  const url = await emptyDatabase()
  const servers = await Promise.all([newSnug(url), newSnug(url)])
  assert.deepEqual(
    await applied(servers[0].db),
    known.map(({ version }) => version),
  )
  for (const snug of servers) assert.equal((await snug.call('GET', '/readyz')).status, 200)
  await servers[0].users('ada', 'bob')
  await servers[0].community('c', 'ada')
  await servers[1].member('c', 'bob')
  await servers[1].send('c', 'bob', 'ada', 'hello')
})

test('many at once apply each migration once', async () => {
  const db = openTestDb(await emptyDatabase())
  const counts = await Promise.all(Array.from({ length: 6 }, () => migrate(db)))
  assert.deepEqual(counts.sort(), [0, 0, 0, 0, 0, known.length])
})

test('a schema of a newer Snug that breaks is refused, in words that say what to do', async () => {
  const url = await newDatabase()
  const db = openTestDb(url)
  assert.equal(await migrate(db, [...known, newer('alter table users rename to people', true)]), 1)
  await assert.rejects(migrate(db), (error) => {
    assert.ok(error instanceof SchemaError)
    assert.match(error.message, /changed by a newer Snug \(\d{4}-newer\.sql\).*update Snug/)
    return true
  })
  await assert.rejects(newSnug(url), SchemaError)
  assert.deepEqual((await applied(db)).at(-1), next)
})

test('a schema of a newer Snug that does not break is worked on', async () => {
  const url = await newDatabase()
  const db = openTestDb(url)
  assert.equal(await migrate(db, [...known, newer('create table later (id integer)')]), 1)
  assert.equal(await migrate(db), 0)
  assert.equal(await isMigrated(db), true)
  const snug = await newSnug(url)
  assert.equal((await snug.call('GET', '/readyz')).status, 200)
})

test('a migration that fails leaves nothing, and the next start does it again', async () => {
  const db = openTestDb(await newDatabase())
  const before = await applied(db)
  const broken = newer('create table half (id integer); insert into half values (1); select 1 / 0')
  await assert.rejects(migrate(db, [...known, broken]), /division by zero/)
  assert.equal(await hasTable(db, 'half'), false)
  assert.deepEqual(await applied(db), before)
  assert.equal(await isMigrated(db, [...known, broken]), false)
  assert.equal(await migrate(db, [...known, newer('create table half (id integer)')]), 1)
  assert.equal(await hasTable(db, 'half'), true)
})

test('migrations go forward only: an older server takes nothing back, what was applied is never run again', async () => {
  const db = openTestDb(await newDatabase())
  const all = [...known, newer('create table once (id integer); insert into once values (1)')]
  assert.equal(await migrate(db, all), 1)
  assert.equal(await migrate(db, all), 0)
  assert.equal(await migrate(db, known), 0)
  assert.deepEqual((await applied(db)).at(-1), next)
  const [row] = await db.query<{ n: number }>({ name: 'test.once', text: 'select count(*) as n from once' })
  assert.equal(row?.n, 1)
})

test('the migrations are numbered without a gap', () => {
  assert.deepEqual(
    known.map(({ version }) => version),
    known.map((_, i) => i + 1),
  )
  for (const { version, name } of known) assert.equal(Number(name.slice(0, 4)), version)
})
