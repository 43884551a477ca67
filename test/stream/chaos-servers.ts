import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after } from 'node:test'
import { newFolder } from '../serve/kit.ts'
import type { StepName } from './chaos-steps.ts'
import { needProgram } from './programs.ts'

export const SECRETS = {
  SNUG_SERVICE_KEY: 'a-service-key-for-tests',
  SNUG_JWT_SECRET: 'a-secret-for-tests-of-32-bytes-or-more',
}

/** A Snug in a process of its own, which can be killed and started again. */
export interface ChaosServer {
  /** Null while it does not run. */
  readonly url: string | null
  /** What it has told its operator. */
  readonly log: string
  start(): Promise<void>
  /** Has it kill itself when it comes to a step. */
  killAt(step: StepName): void
  /** Resolves when it has ended, by whatever. */
  ended(): Promise<void>
}

/** @param natsUrl absent: the database is the bus */
export function newServer(databaseUrl: string, natsUrl?: string): ChaosServer {
  const env = {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: databaseUrl,
    SNUG_DATA_DIR: newFolder(),
    PORT: '0',
    SNUG_LOG_LEVEL: 'fatal',
    NODE_COMPILE_CACHE: 'node_modules/.cache/snug',
    ...SECRETS,
    ...(natsUrl && { NATS_URL: natsUrl }),
  }
  let child: ChildProcess | null = null
  let gone: Promise<unknown> = Promise.resolve()
  const server = {
    url: null as string | null,
    log: '',
    async start() {
      const started = fork(join(import.meta.dirname, 'chaos-child.ts'), {
        env,
        stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      })
      child = started
      gone = once(started, 'close')
      started.on('exit', () => {
        server.url = null
      })
      started.stderr?.on('data', (chunk) => {
        server.log += chunk
      })
      const [told] = await Promise.race([
        once(started, 'message'),
        gone.then(() => Promise.reject(new Error(`a server did not start: ${server.log}`))),
      ])
      server.url = told.url
    },
    killAt: (step: StepName) => void child?.send(step),
    ended: async () => void (await gone),
  }
  after(async () => {
    child?.kill('SIGTERM')
    await gone
  })
  return server
}

/** A nats-server of the test's own. */
export interface Nats {
  readonly url: string
  start(): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** The subjects that each of Snug's connections has subscribed to. */
  subjects(): Promise<string[][]>
}

export async function newNats(): Promise<Nats> {
  const program = await needProgram('nats-server', 'nats-server')
  const [port, monitor] = [await freePort(), await freePort()]
  const args = ['-a', '127.0.0.1', '-p', String(port), '-m', String(monitor)]
  let child: ChildProcess | null = null
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
  }
  after(kill)
  return {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      const started = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      child = started
      let log = ''
      await new Promise<void>((resolve, reject) => {
        started.stderr.on('data', (chunk) => {
          log += chunk
          if (log.includes('Server is ready')) resolve()
        })
        started.on('close', () => reject(new Error(`nats-server ended: ${log}`)))
      })
    },
    kill,
    async subjects() {
      const answer = await fetch(`http://127.0.0.1:${monitor}/connz?subs=1`)
      const { connections } = (await answer.json()) as { connections: { subscriptions_list?: string[] }[] }
      return connections.map(({ subscriptions_list = [] }) => subscriptions_list)
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
