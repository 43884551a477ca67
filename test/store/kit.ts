import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { after } from 'node:test'
import { type Db, openDb } from '../../src/store/db.ts'
import { databaseUrl } from '../setup.ts'

/** A database without any table, dropped after the tests of the file. */
export async function emptyDatabase(): Promise<string> {
  const server = process.env.SNUG_TEST_DATABASE_URL
  if (!server) throw new Error('run the tests with: npm test [-- file …]')
  const name = `snug_empty_${randomBytes(6).toString('hex')}`
  const run = async (statement: string) => {
    const db = openDb({ connectionString: server }, { log: () => {}, connections: 1 })
    await db.query({ name: statement.slice(0, 60), text: statement })
    await db.close()
  }
  await run(`create database ${name} template template0`)
  after(() => run(`drop database ${name} with (force)`))
  return databaseUrl(server, name)
}

/** A pool like a server's, closed after the tests of the file. */
export function openTestDb(url: string): Db {
  const db = openDb({ connectionString: url }, { log: () => {} })
  after(() => db.close())
  return db
}

/** Loads every module that declares statements, so that all are known. */
export async function loadAllStatements(): Promise<void> {
  for (const folder of ['store', 'jobs']) {
    const url = new URL(`../../src/${folder}/`, import.meta.url)
    for (const name of readdirSync(url)) if (name.endsWith('.ts')) await import(new URL(name, url).href)
  }
}
