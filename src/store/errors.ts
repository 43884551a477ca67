import pg from 'pg'

/** The database cannot be reached or did not answer in time: 503, and a write's outcome is unknown (CONTRACT §1). */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
  /** The connection is gone, not only the patience: what comes back may be another database. */
  readonly lost: boolean

  constructor(message: string, options: { cause?: unknown; lost?: boolean } = {}) {
    super(message, { cause: options.cause })
    this.lost = options.lost === true
  }
}

// Classes and codes of PostgreSQL that pass by themselves: connection trouble, shutdown and start, too many connections,
// a password or a database that is being changed, no room on the disk, a standby after a failover, a statement or a lock that
// took too long.
const PASSING = /^(08|28|3D000|57P|53|25006|57014|55P03)/
// Of these, the ones after which the connection still stands.
const STILL_CONNECTED = /^(53|25006|57014|55P03)/
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EACCES',
])
// pg throws plain errors without a code for these.
const WORDS =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/

/** The error as a StoreUnavailable when it is one that passes, else null. */
export function unavailable(error: unknown): StoreUnavailable | null {
  if (error instanceof StoreUnavailable) return error
  if (!(error instanceof Error)) return null
  const code = codeOf(error)
  const passing =
    error instanceof pg.DatabaseError ? PASSING.test(code) : SYSTEM.has(code) || WORDS.test(error.message)
  if (!passing) return null
  const message = `the database is unavailable (${code || error.message})`
  return new StoreUnavailable(message, { cause: error, lost: !STILL_CONNECTED.test(code) })
}

/** PostgreSQL's five-character code, or Node's; '' when there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Another transaction came in between: the work is to be done again from its reading on. */
export function isConflict(error: unknown): boolean {
  return ['23505', '40001', '40P01'].includes(codeOf(error))
}
