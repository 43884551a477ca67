import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EmbeddedError, textOf } from './errors.ts'
import { isAlive } from './process.ts'

export interface Lock {
  release(): void
}

const SQLITE_BUSY = 5

/**
 * Makes this process the only Snug on the data folder, until it releases or dies.
 *
 * The lock is the kernel's own on an open file (fcntl), which SQLite takes for `begin exclusive`; Node has no call
 * for it. So it goes with the process however that ends, no stale one can be left, a reused pid means nothing,
 * two starters at once need no protocol, and it holds between containers that share the folder. The others that were
 * weighed: a pid file believes in pids; a listening socket has to be taken over from the dead one by unlinking, which two
 * starters can do to each other, and its path is limited to 100 bytes; an advisory lock in PostgreSQL is lost whenever
 * PostgreSQL dies, which is just when a second Snug must be kept out.
 *
 * fcntl's trap: closing any descriptor of the file drops the lock, so nothing else may open `snug.lock`. SQLite itself
 * minds that, for two starts in one process as well.
 * @throws {EmbeddedError} when another Snug holds it, or the folder cannot be written.
 */
export function takeLock(dataDir: string): Lock {
  const path = join(dataDir, 'snug.lock')
  const note = join(dataDir, 'snug.pid')
  const file = open(path, dataDir)
  try {
    file.exec('begin exclusive')
    // Others that can open the file could hold it and keep Snug from starting.
    chmodSync(path, 0o600)
    writeFileSync(note, `${process.pid}\n`)
  } catch (error) {
    file.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw refused(note, dataDir)
    throw unusable(dataDir, error)
  }
  return {
    release() {
      if (!file.isOpen) return
      rmSync(note, { force: true })
      file.close()
    },
  }
}

function open(path: string, dataDir: string): DatabaseSync {
  try {
    return new DatabaseSync(path)
  } catch (error) {
    throw unusable(dataDir, error)
  }
}

/** The note only words the refusal: right after a takeover it may still name the dead one, so a dead pid is left out. */
function refused(note: string, dataDir: string): EmbeddedError {
  const pid = notedPid(note)
  const who = pid !== null && isAlive(pid) ? `Another Snug (pid ${pid})` : 'Another Snug'
  return new EmbeddedError(`${who} is running on ${dataDir}; stop it, or set SNUG_DATA_DIR to another folder`)
}

function notedPid(note: string): number | null {
  try {
    const pid = Number(readFileSync(note, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch {
    return null
  }
}

function unusable(dataDir: string, cause: unknown): EmbeddedError {
  return new EmbeddedError(
    `Snug cannot write in ${dataDir} (${textOf(cause)}): start it as the user who owns the folder, or set SNUG_DATA_DIR to another one`,
    { cause },
  )
}
