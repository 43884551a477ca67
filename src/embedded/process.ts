import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { codeOf } from './errors.ts'

/** Whether a process has this pid. A zombie counts as dead: some containers' first process never collects orphans. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  return !isZombie(pid)
}

/**
 * Whether the process is a postgres at work in this cluster folder. A pid from a file proves nothing, since the machine
 * may have booted since, or the pid been given to another program; but every postgres works inside its cluster folder,
 * so the folder that the process stands in tells. It also keeps a forged `postmaster.pid` from aiming
 * Snug's signals, when Snug is root, at a process of somebody else.
 */
export function isServerOf(pid: number, cluster: string): boolean {
  const found = process.platform === 'linux' ? fromProc(pid) : fromLsof(pid)
  if (found?.command !== 'postgres') return false
  try {
    const here = statSync(found.folder)
    const there = statSync(cluster)
    return here.dev === there.dev && here.ino === there.ino
  } catch {
    return false
  }
}

interface Found {
  readonly command: string
  readonly folder: string
}

function fromProc(pid: number): Found | null {
  try {
    return { command: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), folder: `/proc/${pid}/cwd` }
  } catch {
    return null
  }
}

/** macOS has no /proc. Its lsof answers one field a line, marked by the first letter. */
function fromLsof(pid: number): Found | null {
  const { stdout } = spawnSync('/usr/sbin/lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fcn'], {
    encoding: 'utf8',
  })
  const field = (letter: string) =>
    stdout
      ?.split('\n')
      .find((line) => line.startsWith(letter))
      ?.slice(1)
  const command = field('c')
  const folder = field('n')
  return command && folder ? { command, folder } : null
}

function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
