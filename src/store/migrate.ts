import { readdirSync, readFileSync } from 'node:fs'
import type { Client } from 'pg'
import { type Db, queryable } from './db.ts'
import { sql } from './sql.ts'

export interface Migration {
  /** 1, 2, 3 … without a gap. */
  readonly version: number
  readonly name: string
  readonly text: string
  /** Servers of before cannot work on the schema any more. Said in the file's first line: `-- breaking`. */
  readonly breaking: boolean
}

/** The schema is newer than this server can work on. The message says what to do. */
export class SchemaError extends Error {
  override name = 'SchemaError'
}

const FOLDER = new URL('./migrations/', import.meta.url)
// Any number of our own: it keeps two servers that start at once from migrating at once.
const LOCK = 5_340_117

export function readMigrations(): readonly Migration[] {
  const names = readdirSync(FOLDER)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort()
  return names.map((name, i) => {
    const text = readFileSync(new URL(name, FOLDER), 'utf8')
    if (Number(name.slice(0, 4)) !== i + 1) throw new Error(`the migrations have a gap before ${name}`)
    return { version: i + 1, name, text, breaking: text.startsWith('-- breaking') }
  })
}

const applied = sql<{ version: number; name: string; breaking: boolean }>(
  'migrate.applied',
  'select version, name, breaking from migrations order by version',
)

/**
 * Brings the schema to this server's version: forward only, each migration in a transaction of its own, and one server at a
 * time. A schema with newer migrations is worked on when none of them is breaking.
 * @returns how many migrations were applied
 * @throws {SchemaError} when a newer Snug has made a breaking change
 */
export async function migrate(db: Db, migrations: readonly Migration[] = readMigrations()): Promise<number> {
  const client = await db.dedicated('snug migrate')
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query(`create table if not exists migrations (
      version integer primary key, name text not null, breaking boolean not null, applied_at timestamptz not null default now())`)
    const done = await queryable(client).query(applied)
    refuseNewer(done, migrations)
    const left = migrations.filter(({ version }) => !done.some((one) => one.version === version))
    for (const migration of left) await apply(client, migration)
    return left.length
  } finally {
    await client.end()
  }
}

function refuseNewer(
  done: readonly { version: number; name: string; breaking: boolean }[],
  known: readonly Migration[],
): void {
  const newer = done.find(({ version, breaking }) => breaking && version > known.length)
  if (newer) {
    throw new SchemaError(
      `The database was changed by a newer Snug (${newer.name}), and this one cannot work on it: update Snug`,
    )
  }
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(migration.text)
    const values = [migration.version, migration.name, migration.breaking]
    await client.query('insert into migrations (version, name, breaking) values ($1, $2, $3)', values)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

const latest = sql<{ version: number | null }>(
  'migrate.latest',
  'select max(version) as version from migrations',
)

/** Whether the database answers and holds at least this server's schema. */
export async function isMigrated(
  db: Db,
  migrations: readonly Migration[] = readMigrations(),
): Promise<boolean> {
  const [row] = await db.query(latest)
  return (row?.version ?? 0) >= migrations.length
}
