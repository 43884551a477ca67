import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Embedded, startEmbedded } from '../src/embedded/index.ts'
import { openDb } from '../src/store/db.ts'
import { migrate } from '../src/store/migrate.ts'

let embedded: Embedded | undefined
let dataDir: string | undefined

/**
 * One real PostgreSQL for the whole run, with a migrated database that each test file clones (kit.ts). It is the embedded one,
 * or the server that SNUG_TEST_DATABASE_URL names, whose role may create databases.
 */
export async function globalSetup(): Promise<void> {
  let url = process.env.SNUG_TEST_DATABASE_URL
  if (!url) {
    dataDir = mkdtempSync(join(tmpdir(), 'snug-test-'))
    embedded = await startEmbedded({ dataDir, log: () => {} })
    const { host, port, user, database } = embedded.connection
    url = `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`
    process.env.SNUG_TEST_DATABASE_URL = url
  }
  const db = openDb({ connectionString: url }, { log: () => {}, connections: 1 })
  const client = await db.dedicated('snug test')
  await client.query('drop database if exists snug_template')
  await client.query('create database snug_template')
  await client.end()
  await db.close()
  const template = openDb(
    { connectionString: databaseUrl(url, 'snug_template') },
    { log: () => {}, connections: 1 },
  )
  await migrate(template)
  await template.close()
}

export async function globalTeardown(): Promise<void> {
  await embedded?.stop()
  if (dataDir) rmSync(dataDir, { recursive: true, force: true })
}

/** The URL of another database on the same server. */
export function databaseUrl(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}
