import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { clusterFolder, DATABASE, ROLE } from './cluster.ts'
import { stateOf } from './connect.ts'
import { PORT } from './settings.ts'

/**
 * The connection to the embedded PostgreSQL that a running Snug holds on this data folder, for commands that work beside it;
 * null when none answers.
 */
export async function attachEmbedded(
  dataDir: string,
): Promise<{ host: string; port: number; user: string; database: string } | null> {
  const host = socketFolderOf(dataDir)
  if (host === null || (await stateOf(host)) !== 'up') return null
  return { host, port: PORT, user: ROLE, database: DATABASE }
}

/** PostgreSQL itself says where it listens: the fifth line of its pid file. */
function socketFolderOf(dataDir: string): string | null {
  try {
    const lines = readFileSync(join(clusterFolder(dataDir), 'postmaster.pid'), 'utf8').split('\n')
    // The folder that PostgreSQL was started in is its own.
    return lines[4] ? resolve(clusterFolder(dataDir), lines[4]) : null
  } catch {
    return null
  }
}
