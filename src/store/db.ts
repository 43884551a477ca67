import pg from 'pg'
import { unavailable } from './errors.ts'
import type { Statement } from './sql.ts'

export type ConnectionSettings = Pick<
  pg.ClientConfig,
  'host' | 'port' | 'user' | 'database' | 'connectionString' | 'ssl'
>

/** What runs a statement: the pool, or one transaction. */
export interface Queryable {
  /** @throws {StoreUnavailable} when the database cannot be reached or does not answer in time. */
  query<Row>(statement: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>
}

export interface Db extends Queryable {
  /**
   * Runs `work` in one transaction, rolled back when it throws. The isolation is READ COMMITTED: whatever has to hold
   * still is locked by the work itself.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /** Runs work that may take minutes on a connection of its own, without the time-outs of requests. */
  patiently<T>(work: (db: Queryable) => Promise<T>): Promise<T>
  /** A connection of its own, outside the pool and its time-outs, for streams of rows and migrations. */
  dedicated(applicationName: string): Promise<pg.Client>
  readonly settings: ConnectionSettings
  /** For the metrics: connections open, idle, and callers that wait for one. */
  counts(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}

// Waiting for a connection and for an answer together stay under the 5 s within which a 503 is promised (CONTRACT §1).
const CONNECT_TIMEOUT_MS = 1_500
const ANSWER_TIMEOUT_MS = 3_000

// synchronous_commit: an answer promises durability, whatever the database's default. The generic plan: every statement is
// prepared and none has skewed parameters, so planning it again (0.5 ms for a send) never pays.
const SESSION = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  synchronous_commit: 'on',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  // Plans are made once, often while tables are still small; every statement has its index (a test explains them).
  enable_seqscan: 'off',
}

/** int8 as a number: keys and counts stay far below 2^53. Times stay PostgreSQL's text (UTC): see presenters. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === pg.types.builtins.INT8) return Number
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (value: string) => value
    return pg.types.getTypeParser(oid, format as 'text')
  }) as pg.CustomTypesConfig['getTypeParser'],
}

export function openDb(
  settings: ConnectionSettings,
  options: { connections?: number; log: (line: string) => void },
): Db {
  const pool = new pg.Pool({
    ...clientConfig(settings, 'snug', ANSWER_TIMEOUT_MS),
    max: options.connections ?? 12,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    query_timeout: ANSWER_TIMEOUT_MS + 200,
  })
  // Without a listener an idle connection that the server cuts would end the process.
  pool.on('error', (error) => options.log(`an idle database connection was lost: ${error.message}`))
  return {
    settings,
    query: (statement, values) => run(pool, statement, values),
    transaction: (work) => transaction(pool, work),
    patiently: (work) => patiently(settings, work),
    dedicated: (applicationName) => connect(settings, applicationName),
    counts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  }
}

/** Connects once, with no time-out on statements. The caller ends it. */
export async function connect(settings: ConnectionSettings, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({
    ...clientConfig(settings, applicationName, 0),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  // The query that runs when the line breaks rejects as well; this only keeps the process alive.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw unavailable(error) ?? error
  }
  return client
}

function clientConfig(
  settings: ConnectionSettings,
  applicationName: string,
  timeoutMs: number,
): pg.ClientConfig {
  const session = {
    ...SESSION,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs * 3,
  }
  const options = Object.entries(session).map(([name, value]) => `-c ${name}=${value}`)
  return {
    ...settings,
    types,
    keepAlive: true,
    application_name: applicationName,
    options: options.join(' '),
  }
}

async function patiently<T>(settings: ConnectionSettings, work: (db: Queryable) => Promise<T>): Promise<T> {
  const client = await connect(settings, 'snug')
  try {
    return await work(queryable(client))
  } finally {
    await client.end()
  }
}

/** Statements on one connection of the caller's. */
export function queryable(client: pg.ClientBase): Queryable {
  return { query: (statement, values) => run(client, statement, values) }
}

async function run<Row>(
  on: pg.Pool | pg.ClientBase,
  statement: Statement<Row>,
  values?: readonly unknown[],
): Promise<Row[]> {
  try {
    const config = { name: statement.name, text: statement.text, values: values as unknown[] }
    const result = await on.query(config)
    return result.rows
  } catch (error) {
    throw unavailable(error) ?? error
  }
}

async function transaction<T>(pool: pg.Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error) => {
    throw unavailable(error) ?? error
  })
  let broken = false
  // A client that is out of the pool has no listener of the pool's.
  const onError = () => {
    broken = true
  }
  client.on('error', onError)
  try {
    await client.query('begin')
    const value = await work(queryable(client))
    await client.query('commit')
    return value
  } catch (error) {
    const lost = unavailable(error)
    broken ||= lost !== null
    if (!broken)
      await client.query('rollback').catch(() => {
        broken = true
      })
    throw lost ?? error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}
