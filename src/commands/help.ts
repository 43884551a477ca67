import { ConfigError } from '../config.ts'
import { Refused } from '../domain/refusal.ts'
import { EmbeddedError } from '../embedded/index.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { SchemaError } from '../store/migrate.ts'

export const HELP = `snug: private messaging between a community's creator and its members

  npm run snug -- <command> [options]

  serve                 start the server (npm start does the same)
  migrate               bring the database's schema up to date
  token <user id>       make a token for a user
  import <file>         take in users, communities, members and messages as NDJSON
  export                write them out as NDJSON
  doctor                check configuration, database, clock, disk and mail
  notifications <verb>  list failed emails and pushes, try them again, tell why

Each has --help. Configuration is by environment; the README lists the variables.
`

/** Where commands say what happens meanwhile: standard output is for what was asked for. */
export const toStderr = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** The command was called in a way it does not know. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** What a command's end is told as: one line, and the exit code. A stack only for what we did not foresee. */
export function explain(error: unknown): { line: string; code: number } {
  if (error instanceof ConfigError || error instanceof UsageError) return { line: error.message, code: 2 }
  if (error instanceof EmbeddedError || error instanceof SchemaError) return { line: error.message, code: 1 }
  if (error instanceof StoreUnavailable)
    return { line: `${error.message}. Is DATABASE_URL right, and the server up?`, code: 1 }
  if (error instanceof Refused)
    return { line: error.faults.join(', ') || error.reason.replaceAll('_', ' '), code: 1 }
  const { code, message, stack } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return { line: `${message}. Stop what listens there, or set PORT to another one`, code: 1 }
  if (code === 'EACCES' || code === 'ENOENT' || code === 'EADDRNOTAVAIL') return { line: message, code: 1 }
  return { line: stack ?? String(error), code: 1 }
}
