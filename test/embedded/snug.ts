import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { Embedded } from '../../src/embedded/index.ts'
import { isAlive, isServerOf } from '../../src/embedded/process.ts'

type Started = Pick<Embedded, 'connection' | 'fresh' | 'adopted'>

/** A Snug in a process of its own. */
export interface Snug {
  readonly process: ChildProcess
  readonly logged: string[]
  /** Rejects with the refusal. */
  readonly started: Promise<Started>
  stop(): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Ctrl-C, which a terminal sends to the whole process group; resolves when it is gone. */
  interrupt(): Promise<void>
}

export interface Manner {
  readonly uid?: number
  readonly cwd?: string
  readonly env?: Record<string, string>
}

export function runSnug(t: TestContext, dataDir: string, manner: Manner = {}): Snug {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), dataDir], {
    ...(manner.uid !== undefined && { uid: manner.uid, gid: manner.uid }),
    cwd: manner.cwd ?? '/',
    env: manner.env ?? {},
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const gone = once(child, 'exit')
  const logged: string[] = []
  const started = new Promise<Started>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line)
      if (event.log) logged.push(event.log)
      if (event.started) resolve(event.started)
      if (event.refused) reject(new Error(event.refused))
    })
    gone.then(() => reject(new Error('the child has exited')))
  })
  started.catch(() => {})
  t.after(() => void child.kill('SIGKILL'))
  return {
    process: child,
    logged,
    started,
    async stop() {
      child.stdin.end()
      await gone
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    async interrupt() {
      process.kill(-child.pid!, 'SIGINT')
      await gone
    },
  }
}

/**
 * A data folder that everybody can get to, emptied and removed after the test; a PostgreSQL that is still running on it
 * is ended first.
 */
export function dataFolder(t: TestContext, ...below: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'snug-test-'))
  chmodSync(root, 0o755)
  const dataDir = join(root, ...below, 'data')
  t.after(async () => {
    const pid = postmasterPid(dataDir)
    if (pid !== null && isServerOf(pid, join(dataDir, 'postgres'))) {
      process.kill(pid, 'SIGQUIT')
      await until(() => !isAlive(pid))
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  })
  return dataDir
}

export function postmasterPid(dataDir: string): number | null {
  try {
    return Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return null
  }
}

export async function query(connection: Embedded['connection'], sql: string): Promise<unknown[]> {
  const client = new Client(connection)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

/** Polls until it holds (an exception counts as not yet); fails after the deadline. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const last = Date.now() > deadline
    try {
      if (await holds()) return
      if (last) throw new Error('it did not come about in time')
    } catch (error) {
      if (last) throw error
    }
    await sleep(10)
  }
}
