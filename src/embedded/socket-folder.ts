import { lstatSync, lutimesSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EmbeddedError } from './errors.ts'
import { LONGEST_SOCKET_PATH, PORT } from './settings.ts'

/** The folder to connect through, at a path short enough for a socket. */
export interface SocketFolder {
  readonly path: string
  /** To be called at least daily: /tmp is swept of what has not been touched for ten days. */
  refresh(): void
  remove(): void
}

/**
 * The cluster folder itself, where the socket always is, or for a deep one a link to it in a new private folder of
 * the temporary files. Only the way of connecting is short or long: the server knows nothing of the link,
 * so each start can make its own and a server left running is found all the same.
 *
 * Who gets to the socket is superuser of the cluster, without a password. That gives nobody anything: the socket is in
 * the cluster folder (0700, and 0700 itself), and who can enter that can read and write the data files as it is. `peer`
 * would ask for a passwd entry of each side, which containers with made-up user ids lack.
 */
export function socketFolder(cluster: string): SocketFolder {
  if (fits(cluster)) return { path: cluster, refresh: () => {}, remove: () => {} }
  const base = [tmpdir(), '/tmp'].find((folder) => fits(join(folder, 'snug-XXXXXX', 's')))
  if (!base) throw new EmbeddedError('The path of the data folder is too long: set TMPDIR to a short folder')
  const path = join(mkdtempSync(join(base, 'snug-')), 's')
  symlinkSync(cluster, path)
  return {
    path,
    refresh: () => refresh(path, cluster),
    remove: () => rmSync(dirname(path), { recursive: true, force: true }),
  }
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${PORT}`)) <= LONGEST_SOCKET_PATH
}

function refresh(path: string, cluster: string): void {
  const folder = dirname(path)
  const now = new Date()
  try {
    lutimesSync(path, now, now)
  } catch {
    // Gone all the same. mkdir fails if the name is taken, so that nobody else's folder is ever used.
    if (!lstatSync(folder, { throwIfNoEntry: false })) mkdirSync(folder, { mode: 0o700 })
    if (lstatSync(folder).uid !== process.getuid?.()) return
    symlinkSync(cluster, path)
  }
  utimesSync(folder, now, now)
}
