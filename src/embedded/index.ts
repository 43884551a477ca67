import { realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ensureFolder } from '../folders.ts'
import { accountFor } from './account.ts'
import { findBinaries } from './binaries.ts'
import { removeOldCopies } from './binaries-copy.ts'
import { bringUp } from './bring-up.ts'
import { clusterFolder, DATABASE, folderName, prepareCluster, ROLE } from './cluster.ts'
import { codeOf, EmbeddedError, textOf } from './errors.ts'
import { takeLock } from './lock.ts'
import { openLogFile } from './log-file.ts'
import type { Site } from './postmaster.ts'
import { PORT, serverArguments } from './settings.ts'
import { socketFolder } from './socket-folder.ts'
import { supervise } from './supervisor.ts'

export { EmbeddedError } from './errors.ts'

/** The PostgreSQL that Snug started, kept running until it is stopped. */
export interface Embedded {
  /** For `pg`: a unix socket (`host` is its folder), no TCP, no password. The same until `stop`, restarts included. */
  readonly connection: { host: string; port: number; user: string; database: string }
  /** The data was made by this start. */
  readonly fresh: boolean
  /** A server that a killed Snug had left running was taken on. */
  readonly adopted: boolean
  /** Stops PostgreSQL and gives up the data folder; resolves when it has exited. May be called again. */
  stop(): Promise<void>
}

const UPKEEP_MS = 60_000

/**
 * Starts PostgreSQL on `dataDir/postgres`, made if it is not there (CONTRACT §8, DATABASE_URL unset), and starts
 * it again when it dies. Resolves when the database `snug` takes connections.
 * @param options.log takes single lines for the operator.
 * @throws {EmbeddedError} whatever the reason; nothing is left running then that this start has begun.
 */
export async function startEmbedded(options: {
  dataDir: string
  log: (line: string) => void
}): Promise<Embedded> {
  try {
    const dataDir = makeFolder(options.dataDir)
    const lock = takeLock(dataDir)
    try {
      return await start(dataDir, options.log, () => lock.release())
    } catch (error) {
      lock.release()
      throw error
    }
  } catch (error) {
    throw explained(error, options.dataDir)
  }
}

async function start(dataDir: string, log: (line: string) => void, release: () => void): Promise<Embedded> {
  const cluster = clusterFolder(dataDir)
  const account = accountFor(cluster)
  const binaries = findBinaries(account, dataDir, log)
  const fresh = await prepareCluster(dataDir, account, binaries)
  const socket = socketFolder(cluster)
  const logFile = openLogFile(join(dataDir, 'postgres.log'))
  const tidyUp = () => {
    logFile.close()
    socket.remove()
    release()
  }
  try {
    const site: Site = {
      folder: cluster,
      account,
      postgres: binaries.postgres,
      arguments: serverArguments(folderName(cluster, account, log), binaries.version),
      host: socket.path,
      logFile,
    }
    const first = await bringUp(site, log)
    removeOldCopies(dataDir, binaries.version)
    const supervisor = supervise(site, first, log)
    const upkeep = keepUp(log, [logFile.trim, socket.refresh])
    let stopped: Promise<void> | undefined
    return {
      connection: { host: socket.path, port: PORT, user: ROLE, database: DATABASE },
      fresh,
      adopted: first.adopted,
      stop() {
        clearInterval(upkeep)
        stopped ??= supervisor.stop().then(tidyUp)
        return stopped
      },
    }
  } catch (error) {
    tidyUp()
    throw error
  }
}

function makeFolder(dataDir: string): string {
  ensureFolder(resolve(dataDir))
  return realpathSync(dataDir)
}

function keepUp(log: (line: string) => void, chores: readonly ((this: void) => void)[]): NodeJS.Timeout {
  return setInterval(() => {
    for (const chore of chores) {
      try {
        chore()
      } catch (error) {
        log(`PostgreSQL's upkeep failed: ${textOf(error)}`)
      }
    }
  }, UPKEEP_MS).unref()
}

function explained(error: unknown, dataDir: string): EmbeddedError {
  if (error instanceof EmbeddedError) return error
  const code = codeOf(error)
  const advice =
    code === 'EPERM'
      ? 'Snug may not run PostgreSQL as another user here; start it as an ordinary user, or set DATABASE_URL'
      : 'make the folder usable, or set SNUG_DATA_DIR to another one'
  return new EmbeddedError(`PostgreSQL cannot be started on ${dataDir} (${textOf(error)}): ${advice}`, {
    cause: error,
  })
}
