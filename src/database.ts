import type { Config } from './config.ts'
import { startEmbedded } from './embedded/index.ts'
import { type Db, openDb } from './store/db.ts'

export interface Database {
  readonly db: Db
  /** In words, without a password: what to print. */
  readonly place: string
  close(): Promise<void>
}

/**
 * Opens the database that the configuration names, or starts the embedded one.
 * @throws {EmbeddedError} with a line that says what to do
 */
export async function openDatabase(config: Config, log: (line: string) => void): Promise<Database> {
  if (config.databaseUrl !== null) {
    const db = openDb({ connectionString: config.databaseUrl }, { log })
    return { db, place: placeOf(config.databaseUrl), close: () => db.close() }
  }
  const embedded = await startEmbedded({ dataDir: config.dataDir, log })
  const db = openDb(embedded.connection, { log })
  const close = async () => {
    await db.close()
    await embedded.stop()
  }
  return { db, place: `${config.dataDir} (the embedded PostgreSQL)`, close }
}

function placeOf(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  return `the PostgreSQL at ${url.hostname || url.searchParams.get('host') || 'localhost'}, database ${url.pathname.slice(1)}`
}
