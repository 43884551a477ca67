import { spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Account, giveTo } from './account.ts'
import type { Binaries } from './binaries.ts'
import { codeOf, EmbeddedError, textOf } from './errors.ts'
import { childEnvironment } from './settings.ts'

/** The database's superuser and the database itself. */
export const ROLE = 'snug'
export const DATABASE = 'snug'

export function clusterFolder(dataDir: string): string {
  return join(dataDir, 'postgres')
}

/**
 * Makes the cluster where there is none yet, and checks one that is there. True when it was made.
 * @throws {EmbeddedError} when it is of another major version or is no cluster, or initdb fails.
 */
export async function prepareCluster(
  dataDir: string,
  account: Account | null,
  binaries: Binaries,
): Promise<boolean> {
  removeHalfMade(dataDir)
  const cluster = clusterFolder(dataDir)
  const major = majorOf(cluster)
  if (major === null) {
    await makeCluster(dataDir, account, binaries)
    return true
  }
  checkMajor(major, binaries.major, dataDir)
  // Copied back by root from a backup: PostgreSQL refuses a folder that is not its own user's.
  if (account && lstatSync(cluster).uid !== account.uid) giveTo(cluster, account)
  return false
}

/**
 * How PostgreSQL is to name the cluster folder. As root, Snug may keep it below folders that PostgreSQL's user cannot
 * pass (/root). A process works on in a folder that it was started in, whatever the way there, so Snug
 * starts it inside, and Linux has an absolute name for that: /proc/self/cwd, which each of PostgreSQL's processes, as they
 * all stay in that folder, finds its own way by. Neither the data nor anybody's permissions have to change.
 * @throws {EmbeddedError} where there is no /proc.
 */
export function folderName(cluster: string, account: Account | null, log: (line: string) => void): string {
  if (!account || canEnter(cluster, account, '/')) return cluster
  const inside = '/proc/self/cwd'
  if (canEnter(inside, account, cluster)) {
    log(
      `PostgreSQL's user ${account.name} cannot pass the folders above ${cluster}; it is started inside and knows its data as ${inside}`,
    )
    return inside
  }
  throw new EmbeddedError(
    `PostgreSQL does not run as root, and user ${account.name} cannot get to ${cluster}: start Snug as an ordinary user, or set SNUG_DATA_DIR to a folder that everybody can pass`,
  )
}

function canEnter(folder: string, account: Account, cwd: string): boolean {
  const { uid, gid } = account
  return (
    spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { uid, gid, cwd, stdio: 'ignore' }).status === 0
  )
}

/** null: nothing there yet. An empty folder counts as that, since it may be a place prepared for a volume. */
function majorOf(cluster: string): number | null {
  try {
    return Number.parseInt(readFileSync(join(cluster, 'PG_VERSION'), 'utf8'), 10)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    if (!lstatSync(cluster, { throwIfNoEntry: false }) || readdirSync(cluster).length === 0) return null
    throw new EmbeddedError(
      `${cluster} is not empty and holds no PostgreSQL data: move it away, or set SNUG_DATA_DIR to another folder`,
    )
  }
}

function checkMajor(found: number, ours: number, dataDir: string): void {
  if (found === ours) return
  const seen = `The data in ${dataDir} was written by PostgreSQL ${found}, this Snug brings ${ours}`
  if (found > ours) {
    throw new EmbeddedError(`${seen}: update Snug, or set SNUG_DATA_DIR to another folder`)
  }
  throw new EmbeddedError(
    `${seen}: with the Snug that wrote it run "snug export", then "snug import" with this one and SNUG_DATA_DIR set to a new folder`,
  )
}

/** Made beside and renamed when whole, so that a start that was killed in the middle leaves nothing that looks done. */
async function makeCluster(dataDir: string, account: Account | null, binaries: Binaries): Promise<void> {
  const made = mkdtempSync(`${clusterFolder(dataDir)}.new-`)
  try {
    if (account) chownSync(made, account.uid, account.gid)
    await initdb(made, account, binaries)
    renameSync(made, clusterFolder(dataDir))
    syncFolder(dataDir)
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    throw error
  }
}

/** An initdb whose Snug was killed may still be writing; what it leaves is then removed at the next start. */
function removeHalfMade(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith('postgres.new-')) continue
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true })
    } catch {}
  }
}

/**
 * `--locale=C` with the built-in C.UTF-8: text sorts by code point and the same everywhere, also where the system has
 * no C.UTF-8 (macOS). Without a process group of its own, so that Ctrl-C ends it too.
 */
async function initdb(folder: string, account: Account | null, binaries: Binaries): Promise<void> {
  const name = folderName(folder, account, () => {})
  const child = spawn(
    binaries.initdb,
    [
      ...['-D', name, '-U', ROLE, '--auth=trust', '--encoding=UTF8', '--no-instructions'],
      ...['--locale-provider=builtin', '--locale=C', '--builtin-locale=C.UTF-8'],
    ],
    {
      ...(account && { uid: account.uid, gid: account.gid }),
      cwd: folder,
      env: childEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2048)
  })
  const status = await new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('error', (error) => {
      complaint = textOf(error)
      resolve(null)
    })
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  if (status === 0) return
  if (complaint.includes('could not look up effective user ID')) {
    throw new EmbeddedError(
      `PostgreSQL needs its user id ${process.getuid?.()} to have a line in /etc/passwd: add one, start Snug as another user, or set DATABASE_URL`,
    )
  }
  throw new EmbeddedError(
    `PostgreSQL could not make its data folder in ${folder} (${status ?? 'not started'}). What it said:\n${complaint.trim()}`,
  )
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
