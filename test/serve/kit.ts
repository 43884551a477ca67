import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

export interface Served {
  readonly url: string
  readonly pid: number
  /** What it has printed so far. */
  out(): string
  /** Sends the signal and waits for the end. @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A data folder of the test's own, removed after the tests of the file. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'snug-serve-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

// What npm start uses as well: a process starts in half the time.
const NODE_COMPILE_CACHE = 'node_modules/.cache/snug'

type Env = Readonly<Record<string, string>>

function spawnSnug(args: readonly string[], env: Env): ChildProcess {
  const { PATH = '', HOME = '' } = process.env
  return spawn(process.execPath, ['src/cli.ts', ...args], {
    env: { PATH, HOME, PORT: '0', NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function collect(child: ChildProcess): { out: string; err: string } {
  const texts = { out: '', err: '' }
  child.stdout?.on('data', (chunk) => {
    texts.out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    texts.err += chunk
  })
  return texts
}

/** Runs the command `snug` to its end. */
export async function snug(args: readonly string[], env: Env = {}): Promise<Ended> {
  const child = spawnSnug(args, env)
  const texts = collect(child)
  const [code] = await once(child, 'close')
  return { code, ...texts }
}

/** Starts `snug serve` as a process of its own, killed after the tests of the file if it still runs. */
export async function serve(env: Env): Promise<Served> {
  const child = spawnSnug(['serve'], env)
  const texts = collect(child)
  const closed = once(child, 'close')
  after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await closed
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /listens on (http:\S+)/.exec(texts.out)
      if (found && texts.out.endsWith('\n\n')) resolve(found[1] as string)
    })
    child.on('close', (code) => reject(new Error(`snug serve ended with ${code}: ${texts.err}`)))
  })
  return {
    url,
    pid: child.pid as number,
    out: () => texts.out,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const [code] = await closed
      return code
    },
  }
}
