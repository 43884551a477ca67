import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.ts'
import type { LogFile } from './log-file.ts'
import { isAlive, isServerOf } from './process.ts'
import { childEnvironment } from './settings.ts'

/** What every start of the server needs to know. */
export interface Site {
  readonly folder: string
  readonly account: Account | null
  readonly postgres: string
  readonly arguments: readonly string[]
  /** The folder to connect through. */
  readonly host: string
  readonly logFile: LogFile
}

/** PostgreSQL's first process, started by this Snug or found running. */
export interface Postmaster {
  readonly pid: number
  readonly adopted: boolean
  readonly exited: Promise<void>
  isRunning(): boolean
  /** SIGINT: end the sessions and stop. SIGQUIT: stop at once, recover at the next start. */
  signal(name: 'SIGINT' | 'SIGQUIT'): void
}

const WATCH_MS = 100

/** The pid that `postmaster.pid` names; it may be long dead, or another program's by now. */
export function recordedPid(site: Site): number | null {
  const line = readOptional(join(site.folder, 'postmaster.pid'))?.split('\n')[0]
  const pid = Number(line)
  return line && Number.isInteger(pid) && pid > 1 ? pid : null
}

/** Whether the server that runs now was started just as this Snug would, so with its settings and its version. */
export function hasOurArguments(site: Site): boolean {
  const written = site.arguments.map((one) => ` "${one}"`).join('')
  return readOptional(join(site.folder, 'postmaster.opts'))?.endsWith(`${written}\n`) ?? false
}

/**
 * Starts the server in a session of its own: Ctrl-C on the terminal goes to the whole group, and would end the
 * database under the requests that Snug still answers.
 * @param stale the pid in `postmaster.pid`, known not to be a server here. Where it is another program's by now, or
 * still a zombie (some containers' first process never collects them), PostgreSQL would take it for a server and refuse;
 * but a pid that it is told is its starter's it passes over, and still sees by the shared memory whether processes of
 * a dead server are left. Removing the file instead would switch that last check off.
 */
export function launch(site: Site, stale: number | null): Promise<Postmaster> {
  const child = spawn(site.postgres, site.arguments, {
    ...(site.account && { uid: site.account.uid, gid: site.account.gid }),
    cwd: site.folder,
    env: { ...childEnvironment(), ...(stale !== null && { PG_GRANDPARENT_PID: String(stale) }) },
    stdio: ['ignore', site.logFile.fd, site.logFile.fd],
    detached: true,
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.unref()
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.once('spawn', () =>
      resolve({
        pid: child.pid!,
        adopted: false,
        exited,
        isRunning: () => child.exitCode === null && child.signalCode === null,
        signal(name) {
          child.ref()
          child.kill(name)
        },
      }),
    )
  })
}

/** Takes on a server that a killed Snug left running. Only a process's parent hears of its end, so this one is watched. */
export function adopt(site: Site, pid: number): Postmaster {
  let settle: () => void
  const exited = new Promise<void>((resolve) => {
    settle = resolve
  })
  const watch = setInterval(() => {
    if (!isAlive(pid)) end()
  }, WATCH_MS).unref()
  const end = () => {
    clearInterval(watch)
    settle()
  }
  return {
    pid,
    adopted: true,
    exited,
    isRunning: () => isAlive(pid),
    signal(name) {
      watch.ref()
      // Asked again each time: the pid may belong to another program by now.
      if (isServerOf(pid, site.folder)) process.kill(pid, name)
      else end()
    },
  }
}

function readOptional(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
