import { Client, DatabaseError, escapeIdentifier } from 'pg'
import { DATABASE, ROLE } from './cluster.ts'
import { codeOf, EmbeddedError, textOf } from './errors.ts'
import { PORT } from './settings.ts'

/** up: `snug` takes connections. starting: it says that it recovers, starts or stops. down: nobody answers. */
export type State = 'up' | 'starting' | 'down'

const ANSWER_MS = 5000
const CANNOT_CONNECT_NOW = '57P03'
const NO_SUCH_DATABASE = '3D000'
const TOO_MANY_CONNECTIONS = '53300'

/**
 * Connects, and makes the database when the cluster has none yet.
 * @throws {EmbeddedError} when the server answers and refuses.
 */
export async function stateOf(host: string): Promise<State> {
  try {
    await withClient(host, DATABASE, async () => {})
    return 'up'
  } catch (error) {
    // All else is the socket's: absent, refused, cut off, silent.
    if (!(error instanceof DatabaseError)) return 'down'
    const code = codeOf(error)
    if (code === CANNOT_CONNECT_NOW) return 'starting'
    if (code === TOO_MANY_CONNECTIONS) return 'up'
    if (code === NO_SUCH_DATABASE) return await createDatabase(host)
    throw new EmbeddedError(`PostgreSQL refuses Snug (${code} ${textOf(error)}); see postgres.log`, {
      cause: error,
    })
  }
}

async function createDatabase(host: string): Promise<State> {
  await withClient(host, 'template1', (client) =>
    client.query(`create database ${escapeIdentifier(DATABASE)}`),
  )
  return 'up'
}

async function withClient(
  host: string,
  database: string,
  use: (client: Client) => Promise<unknown>,
): Promise<void> {
  const client = new Client({
    ...{ host, port: PORT, user: ROLE, database, connectionTimeoutMillis: ANSWER_MS },
    // Else PGSSLMODE in Snug's environment would ask for what a unix socket does not have.
    ssl: false,
  })
  // A connection that breaks between two calls says so by an event, which nobody else listens to.
  client.on('error', () => {})
  try {
    await client.connect()
    await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}
