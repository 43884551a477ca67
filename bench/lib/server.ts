import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/embedded/index.ts'
import { type Db, openDb } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createSigner } from '../../src/tokens/sign.ts'

/** A PostgreSQL of the bench's own, with Snug's schema, and what both sides of a ratio run on. */
export interface Bench {
  readonly db: Db
  readonly connection: { host: string; port: number; user: string; database: string }
  readonly databaseUrl: string
  readonly dataDir: string
  close(): Promise<void>
}

export interface ServedSnug {
  readonly port: number
  readonly pid: number
  readonly child: ChildProcess
  stop(): Promise<void>
}

const SECRET = 'a-secret-for-the-bench-of-32-bytes-or-more'
export const signer = createSigner({ secret: SECRET, issuer: null, audience: null })

export async function openBench(): Promise<Bench> {
  const dataDir = mkdtempSync(join(tmpdir(), 'snug-bench-'))
  const embedded = await startEmbedded({ dataDir, log: () => {} })
  const db = openDb(embedded.connection, { log: console.error, connections: 2 })
  await migrate(db)
  const { host, port, user, database } = embedded.connection
  const databaseUrl = `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`
  const close = async () => {
    await db.close()
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { db, connection: embedded.connection, databaseUrl, dataDir, close }
}

/** Runs statements as they are, with no time-out. */
export async function runSql(bench: Bench, text: string): Promise<void> {
  const client = await bench.db.dedicated('snug bench')
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

export async function askSql<Row>(bench: Bench, text: string): Promise<Row[]> {
  const client = await bench.db.dedicated('snug bench')
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** A figure measured without durability would be worth nothing. */
export async function assertDurable(bench: Bench): Promise<void> {
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
    const [row] = await askSql<Record<string, string>>(bench, `show ${name}`)
    if (row?.[name] !== 'on') throw new Error(`${name} is ${row?.[name]}: nothing is measured without it`)
  }
}

/**
 * Starts Snug in a process of its own, as `npm start` does but for npm, on the bench's database.
 * @param node options of Node's
 */
export async function serveSnug(
  bench: Bench,
  more: Readonly<Record<string, string>> = {},
  node: readonly string[] = [],
): Promise<ServedSnug> {
  const env = {
    ...process.env,
    DATABASE_URL: bench.databaseUrl,
    PORT: '0',
    SNUG_DATA_DIR: join(bench.dataDir, 'snug'),
    SNUG_JWT_SECRET: SECRET,
    SNUG_SERVICE_KEY: 'bench',
    ...more,
  }
  const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const
  const args = [...node, 'src/cli.ts', 'serve']
  return serve(spawn(process.execPath, args, { env, stdio: [...stdio], serialization: 'advanced' }))
}

/** Waits for a child to say `http://127.0.0.1:<port>` on its standard output. */
export async function serve(child: ChildProcess): Promise<ServedSnug> {
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += chunk
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)
      if (found) resolve(Number(found[1]))
    })
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
  const kill = () => child.kill('SIGKILL')
  // A figure that fails leaves nothing running.
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const stop = () =>
    new Promise<void>((resolve) => {
      child.on('exit', () => resolve())
      child.kill('SIGTERM')
    })
  return { port, pid: child.pid as number, child, stop }
}
