import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRoot } from './account.ts'
import { EmbeddedError } from './errors.ts'

/**
 * Where a copy of the binaries may go, best first: with the data, if PostgreSQL's user can get there; where the system
 * keeps such things, which root alone can write; among the temporary files.
 */
export function copyPlaces(dataDir: string): string[] {
  const system = process.platform === 'darwin' ? '/Library/Caches/snug' : '/var/cache/snug'
  return [dataDir, ...(isRoot() ? [system] : []), join(tmpdir(), `snug-${process.getuid?.() ?? 'user'}`)]
}

/**
 * Copies the package to `place/name` unless a whole copy is there, and returns its path. It is made beside and renamed,
 * so a half one is never seen; sizes are compared, since a power cut can leave renamed files empty.
 * @throws {EmbeddedError} when others could change what is in the place, as anybody can prepare a folder in /tmp.
 */
export function copyTo(
  place: string,
  name: string,
  from: string,
  finish: (folder: string) => string | null,
): string {
  mkdirSync(place, { recursive: true, mode: 0o755 })
  mustBeOurs(place)
  const folder = join(place, name)
  if (lstatSync(folder, { throwIfNoEntry: false })) {
    mustBeOurs(folder)
    if (holdsAll(from, folder)) return folder
    rmSync(folder, { recursive: true })
  }
  const made = mkdtempSync(join(place, '.postgresql-'))
  try {
    copyTree(join(from, 'native'), join(made, 'native'))
    const failure = finish(made)
    if (failure !== null) throw new EmbeddedError(failure)
    chmodSync(made, 0o755)
    renameSync(made, folder)
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    // Another Snug with other data, at the same time.
    if (!lstatSync(folder, { throwIfNoEntry: false }) || !holdsAll(from, folder)) throw error
  }
  return folder
}

/** What an older Snug copied into the data folder, and copies cut short. For the time when no server runs from them. */
export function removeOldCopies(dataDir: string, version: string): void {
  for (const name of readdirSync(dataDir)) {
    if (!/^\.?postgresql-/.test(name) || name === copyName(version)) continue
    rmSync(join(dataDir, name), { recursive: true, force: true })
  }
}

export function copyName(version: string): string {
  return `postgresql-${version}`
}

function mustBeOurs(folder: string): void {
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new EmbeddedError(`${folder} can be changed by others`)
  }
}

/** Modes are set, not copied: under a narrow umask npm makes files that only their owner can read. */
function copyTree(from: string, to: string): void {
  mkdirSync(to)
  chmodSync(to, 0o755)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isDirectory()) copyTree(source, target)
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else {
      copyFileSync(source, target, constants.COPYFILE_FICLONE)
      chmodSync(target, statSync(source).mode & 0o100 ? 0o755 : 0o644)
    }
  }
}

function holdsAll(from: string, folder: string): boolean {
  return readdirSync(join(from, 'native'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .every((path) => {
      const copy = lstatSync(join(folder, path.slice(from.length)), { throwIfNoEntry: false })
      return copy?.isFile() && copy.size === statSync(path).size
    })
}
