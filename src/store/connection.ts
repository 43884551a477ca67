import pg from 'pg'
import { unavailable } from './errors.ts'

export type ConnectionSettings = Pick<
  pg.ClientConfig,
  'host' | 'port' | 'user' | 'database' | 'connectionString' | 'ssl'
>

// Waiting for a place in the pool counts as well: a burst of some hundred writes on a busy machine takes a second.
export const CONNECT_TIMEOUT_MS = 3_000
// Whoever stops half way through a transaction, an import among them, must not hold its locks for ever.
const IDLE_TIMEOUT_MS = 120_000

// synchronous_commit: an answer promises durability, whatever the database's default. The generic plan: every statement is
// prepared, so planning it again (0.5 ms for a send) does not pay; those whose parameters are skewed are written so that one
// plan suits all.
const SESSION = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  synchronous_commit: 'on',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  // Plans are made once, often while tables are still small; every statement has its index (a test explains them).
  enable_seqscan: 'off',
  // The embedded one has none either: one request never takes all cores, and plans are the same everywhere.
  max_parallel_workers_per_gather: 0,
}

/** int8 as a number: keys and counts stay far below 2^53. Times stay PostgreSQL's text (UTC): see presenters. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === pg.types.builtins.INT8) return Number
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (value: string) => value
    return pg.types.getTypeParser(oid, format as 'text')
  }) as pg.CustomTypesConfig['getTypeParser'],
}

/** What every connection of Snug's is opened with. @param timeoutMs for a statement, kept by the server; 0: none */
export function clientConfig(
  settings: ConnectionSettings,
  applicationName: string,
  timeoutMs: number,
): pg.ClientConfig {
  const session = {
    ...SESSION,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
  }
  const ours = Object.entries(session).map(([name, value]) => `-c ${name}=${value}`)
  const { url, theirs } = takeOptions(settings.connectionString)
  return {
    ...settings,
    ...(url !== undefined && { connectionString: url }),
    types,
    keepAlive: true,
    application_name: applicationName,
    options: [...theirs, ...ours].join(' '),
  }
}

// pg prefers what stands in the URL to what it is given, and durability and times rest on ours: the operator's own `options` come
// first, and the last one of a name wins.
function takeOptions(connectionString: string | undefined): { url?: string; theirs: string[] } {
  if (connectionString === undefined) return { theirs: [] }
  const url = new URL(connectionString)
  const theirs = url.searchParams.getAll('options')
  for (const name of ['options', 'application_name', 'statement_timeout', 'query_timeout']) {
    url.searchParams.delete(name)
  }
  return { url: url.href, theirs }
}

/**
 * Connects once. The caller ends it.
 * @param timeoutMs for a statement; 0: none
 * @throws {StoreUnavailable}
 */
export async function connect(
  settings: ConnectionSettings,
  applicationName: string,
  timeoutMs = 0,
): Promise<pg.Client> {
  const client = new pg.Client({
    ...clientConfig(settings, applicationName, timeoutMs),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(timeoutMs > 0 && { query_timeout: timeoutMs + 1_000 }),
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
