import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { openDb } from '../../src/store/db.ts'
import { allStatements } from '../../src/store/sql.ts'
import { newDatabase } from '../kit.ts'

test('prep', async () => {
  for (const f of readdirSync(new URL('../../src/store/', import.meta.url))) if (f.endsWith('.ts')) await import(`../../src/store/${f}`)
  const db = openDb({ connectionString: await newDatabase() }, { log: () => {} })
  const client = await db.dedicated('snug test')
  for (const s of allStatements()) {
    try { await client.query(`prepare "${s.name}" as ${s.text}`) } catch (e) { console.log(s.name, (e as Error).message) }
  }
  await client.end(); await db.close()
  assert.ok(true)
})
