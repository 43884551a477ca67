import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it where they are missing. As root it can be passed through by others, since PostgreSQL's
 * unprivileged user has to, though not be listed; whatever lies in it has its own modes. Not Node's recursive mkdir, which never
 * returns where a file system answers ENOENT for good (below /proc).
 * @throws the system's error, with its code
 */
export function ensureFolder(path: string): void {
  const make = () => mkdirSync(path, { mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
  try {
    make()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path && !isFolder(dirname(path))) {
      ensureFolder(dirname(path))
      make()
    } else if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
