import pg from 'pg'
import { CONNECT_TIMEOUT_MS, type ConnectionSettings, clientConfig, connect } from './connection.ts'
import { StoreUnavailable, unavailable } from './errors.ts'
import type { Statement } from './sql.ts'

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
  /** Runs work whose statements may take up to 2 minutes each, on a connection of its own. */
  patiently<T>(work: (db: Queryable) => Promise<T>, applicationName?: string): Promise<T>
  /** The same in one transaction. */
  patientTransaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /** A connection of its own, outside the pool and its time-outs, for streams of rows and migrations. */
  dedicated(applicationName: string): Promise<pg.Client>
  readonly settings: ConnectionSettings
  /** For the metrics: connections open, idle, and callers that wait for one. */
  counts(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}

// One statement, with waiting for a connection, stays under the 5 s within which a 503 is promised (CONTRACT §1).
const ANSWER_TIMEOUT_MS = 3_000
const PATIENT_TIMEOUT_MS = 120_000

/** Opens a pool; nothing is connected yet. @param options.connections the most at once, 12 by default */
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
  // A client that is handed out has none of the pool's for a moment: a server that ends it in the very packet that makes it ready (a
  // restart, a database dropped by force) would end the process too. Whatever runs on it rejects as well.
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    settings,
    query: (statement, values) => run(pool, statement, values),
    transaction: (work) => pooledTransaction(pool, work),
    patiently: (work, name = 'snug') => patiently(settings, name, (client) => work(queryable(client))),
    patientTransaction: (work) => patiently(settings, 'snug', (client) => transaction(client, work)),
    dedicated: (applicationName) => connect(settings, applicationName),
    counts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  }
}

async function patiently<T>(
  settings: ConnectionSettings,
  applicationName: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(settings, applicationName, PATIENT_TIMEOUT_MS)
  try {
    return await work(client)
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

async function pooledTransaction<T>(pool: pg.Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
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
    return await transaction(client, work)
  } catch (error) {
    broken ||= error instanceof StoreUnavailable
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

async function transaction<T>(client: pg.ClientBase, work: (tx: Queryable) => Promise<T>): Promise<T> {
  try {
    await client.query('begin')
    const value = await work(queryable(client))
    await client.query('commit')
    return value
  } catch (error) {
    const lost = unavailable(error)
    // A connection that is lost is closed, which rolls back as well; a failure to roll back means just that.
    if (!lost) {
      await client.query('rollback').catch((cause) => {
        throw unavailable(cause) ?? cause
      })
    }
    throw lost ?? error
  }
}
