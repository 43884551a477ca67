import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** What the doctor wants to know of a database. */
export interface Health {
  /** As a number: 150004 is 15.4. */
  readonly version: number
  readonly serverVersion: string
  readonly fsync: string
  readonly fullPageWrites: string
  readonly encoding: string
  readonly readOnly: boolean
  /** Its clock, Unix seconds. */
  readonly epoch: number
}

const health = sql<Health>(
  'health.read',
  `select current_setting('server_version_num')::integer as version, current_setting('server_version') as "serverVersion",
     current_setting('fsync') as fsync, current_setting('full_page_writes') as "fullPageWrites",
     current_setting('server_encoding') as encoding,
     pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on' as "readOnly",
     extract(epoch from clock_timestamp())::double precision as epoch`,
)

export async function databaseHealth(db: Queryable): Promise<Health> {
  const [row] = await db.query(health)
  return row as Health
}
