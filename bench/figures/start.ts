import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '../lib/report.ts'
import { median } from '../lib/stats.ts'

const POLL_MS = 5
const PATIENCE_MS = 60_000

interface Start {
  /** From the command to the first answer, seconds. */
  readonly seconds: number
  /** Resident memory of Node after it has been idle, MB. */
  readonly megabytes: number
}

/** `npm start` with everything installed, to the first answer; on a new data folder and on an existing one. */
export async function start(quick: boolean): Promise<Report> {
  const rounds = quick ? 3 : 5
  const fresh: Start[] = []
  const again: Start[] = []
  for (let round = 0; round < rounds; round++) {
    const dataDir = mkdtempSync(join(tmpdir(), 'snug-start-'))
    fresh.push(await startOnce(dataDir))
    again.push(await startOnce(dataDir))
    rmSync(dataDir, { recursive: true, force: true })
  }
  const seconds = (starts: readonly Start[]) => {
    const all = starts.map((one) => one.seconds)
    return { ratio: median(all), low: Math.min(...all), high: Math.max(...all), rounds, unit: ' s' }
  }
  const memory = [...fresh, ...again].map((one) => one.megabytes)
  return {
    name: 'start',
    what: '`npm start` with everything installed to the first answer, in seconds: on an existing data folder, and on a new one.',
    figures: [
      { name: 'start', ...seconds(again), reach: 2, atMost: true },
      { name: 'start-new', ...seconds(fresh), reach: 4, atMost: true },
      {
        name: 'start-memory',
        ...{
          ratio: median(memory),
          low: Math.min(...memory),
          high: Math.max(...memory),
          rounds,
          unit: ' MB',
        },
        ...{ reach: 150, atMost: true },
      },
    ],
    rows: [
      [
        'resident memory',
        'VmRSS of the Node process, 2 s after its first answer; the embedded PostgreSQL not counted',
      ],
    ],
  }
}

async function startOnce(dataDir: string): Promise<Start> {
  const port = await freePort()
  const env = {
    ...process.env,
    PORT: String(port),
    SNUG_DATA_DIR: dataDir,
    DATABASE_URL: '',
    SNUG_SERVICE_KEY: '',
  }
  const begun = performance.now()
  const npm = spawn('npm', ['start'], { env, stdio: 'ignore' })
  await firstAnswer(port, begun + PATIENCE_MS)
  const seconds = (performance.now() - begun) / 1000
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const server = serverPid(npm.pid as number)
  const megabytes = residentOf(server)
  process.kill(server, 'SIGTERM')
  await once(npm, 'exit')
  return { seconds, megabytes }
}

async function firstAnswer(port: number, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error('npm start gave no answer')
}

/** The Node process that npm started: Linux only, by /proc. */
function serverPid(npm: number): number {
  const children = (pid: number) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  for (let [pid] = children(npm); pid; [pid] = children(pid)) {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('src/cli.ts')) return pid
  }
  throw new Error('the server is not among the processes of npm start')
}

/** MB. */
function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
