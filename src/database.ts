import type { Config } from './config.ts'
import { attachEmbedded } from './embedded/attach.ts'
import { EmbeddedError, startEmbedded } from './embedded/index.ts'
import { type Db, openDb } from './store/db.ts'

export interface Database {
  readonly db: Db
  /** In words, without a password: what to print. */
  readonly place: string
  close(): Promise<void>
}

type Log = (line: string) => void

/**
 * Opens the database that the configuration names, or starts the embedded one.
 * @throws {EmbeddedError} with a line that says what to do
 */
export async function openDatabase(config: Config, log: Log): Promise<Database> {
  if (config.databaseUrl !== null) {
    const db = openDb({ connectionString: config.databaseUrl }, { log })
    return { db, place: placeOf(config.databaseUrl), close: () => db.close() }
  }
  // A unix socket has no TLS, whatever PGSSLMODE in the environment asks for.
  const embedded = await startEmbedded({ dataDir: config.dataDir, log })
  const db = openDb({ ...embedded.connection, ssl: false }, { log })
  const close = async () => {
    await db.close()
    await embedded.stop()
  }
  return { db, place: embeddedPlace(config), close }
}

/** The same for a command, which may work beside a Snug that serves from this data folder. */
export async function joinDatabase(config: Config, log: Log): Promise<Database> {
  try {
    return await openDatabase(config, log)
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error
    const connection = await attachEmbedded(config.dataDir).catch(() => null)
    if (connection === null) throw error
    const db = openDb({ ...connection, ssl: false }, { log, connections: 4 })
    return { db, place: `${embeddedPlace(config)}, beside the Snug that serves`, close: () => db.close() }
  }
}

const embeddedPlace = (config: Config) => `${config.dataDir} (the embedded PostgreSQL)`

function placeOf(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  const host = url.searchParams.get('host') || url.hostname || 'localhost'
  return `the PostgreSQL at ${host}, database ${url.pathname.slice(1)}`
}
