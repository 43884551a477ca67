import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { allStatements } from '../../src/store/sql.ts'
import { newDatabase } from '../kit.ts'
import { loadAllStatements, openTestDb } from './kit.ts'

await loadAllStatements()
const statements = allStatements()

test('every statement is prepared against the migrated schema', async (t) => {
  const db = openTestDb(await newDatabase())
  const client = await db.dedicated('snug test')
  t.after(() => client.end())
  const faults: string[] = []
  for (const { name, text } of statements) {
    await client
      .query(`prepare "${name}" as ${text}`)
      .catch((error) => faults.push(`${name}: ${error.message}`))
  }
  assert.deepEqual(faults, [])
  const { rows } = await client.query('select count(*)::integer as n from pg_prepared_statements')
  assert.equal(rows[0].n, statements.length)
})

test('no statement is missed: each that the sources declare is known', () => {
  const declared: string[] = []
  const folder = new URL('../../src/', import.meta.url)
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue
    const source = readFileSync(new URL(path, folder), 'utf8')
    for (const [, name] of source.matchAll(/\bsql(?:<[^(]*>)?\(\s*'([a-z_.]+)'/g))
      declared.push(name as string)
  }
  const known = new Set(statements.map(({ name }) => name))
  assert.deepEqual(
    declared.filter((name) => !known.has(name)),
    [],
  )
  assert.ok(declared.length > 40, `${declared.length} were found`)
})

test("a statement's name fits, and is its own", () => {
  // PostgreSQL cuts names at 63 bytes: two long ones could become one.
  for (const { name } of statements) assert.ok(name.length < 64, name)
  assert.equal(new Set(statements.map(({ name }) => name)).size, statements.length)
})
