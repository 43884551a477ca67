import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { readConfig } from '../../src/config.ts'
import { type Snug, startSnug } from '../../src/main.ts'
import type { Db } from '../../src/store/db.ts'
import { sql } from '../../src/store/sql.ts'

const SERVICE_KEY = 'a-service-key-for-tests'
const SECRETS = { SNUG_SERVICE_KEY: SERVICE_KEY, SNUG_JWT_SECRET: 'a-secret-for-tests-of-32-bytes-or-more' }
// Longer than any clock of these servers is ahead: what ends a stream here is never its token.
const TOKEN_SECONDS = 30 * 86_400
const TRIES = 5
// Fewer than the servers have connections: whoever waits, waits here, where nothing is given up.
const CALLS_AT_ONCE = 16

export interface Asked {
  readonly as?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Told {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the tests compare what is in there
  readonly body: any
  header(name: string): string | null
}

/** Servers on one database. */
export interface World {
  readonly servers: readonly Server[]
  readonly db: Db
  token(userId: string): string
  /** Calls a server without a socket in between; without `as` as the host. */
  call(server: number, method: string, path: string, asked?: Asked): Promise<Told>
  /** The database's, in microseconds since 1970. */
  clock(): Promise<number>
  /** Resolves when the server has handed over to its streams everything that has been changed until now. */
  handedOver(servers: Iterable<number>): Promise<void>
  stop(): Promise<void>
}

export interface Server {
  readonly snug: Snug
  readonly url: string
}

/**
 * Not bound to a test: what the tests' runner follows costs a quarter of the time.
 * @param clocks for each server how far its streams' clock is ahead, in milliseconds
 * @param url default: a PostgreSQL of its own
 */
export async function newWorld(clocks: readonly (() => number)[], url?: string): Promise<World> {
  const dataDir = mkdtempSync(join(tmpdir(), 'snug-streams-'))
  const servers: Server[] = []
  const stop = async () => {
    // The first one may hold the database.
    for (const { snug } of servers.toReversed()) await snug.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  let databaseUrl = url
  for (const [i, clock] of clocks.entries()) {
    const env = {
      ...SECRETS,
      PORT: '0',
      SNUG_LOG_LEVEL: 'fatal',
      SNUG_ROLE: 'serve',
      SNUG_DATA_DIR: join(dataDir, String(i)),
      ...(databaseUrl && { DATABASE_URL: databaseUrl }),
    }
    const snug = await startSnug(
      readConfig(env),
      () => {},
      () => Date.now() + clock(),
    )
    servers.push({ snug, url: snug.url })
    databaseUrl ??= urlOf(snug.database.db)
  }
  return { ...worldOf(servers), stop }
}

const databaseClock = sql<{ now: number }>(
  'test.clock',
  'select floor(extract(epoch from clock_timestamp()) * 1000000)::bigint as now',
)

function urlOf({ settings }: Db): string {
  const { host = '', port, user, database } = settings
  return `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`
}

function worldOf(servers: readonly Server[]): Omit<World, 'stop'> {
  const tokens = new Map<string, string>()
  const [first] = servers as readonly [Server]
  const token = (userId: string) => {
    const known = tokens.get(userId) ?? first.snug.sign(userId, TOKEN_SECONDS).access_token
    tokens.set(userId, known)
    return known
  }
  const { db } = first.snug.database
  const turns = createTurns(CALLS_AT_ONCE)
  const clock = async () => ((await db.query(databaseClock))[0] as { now: number }).now
  return {
    servers,
    db,
    token,
    async call(server, method, path, { as, body, headers = {} } = {}) {
      const asked = {
        method: method as 'GET',
        url: path,
        headers: { authorization: `Bearer ${as === undefined ? SERVICE_KEY : token(as)}`, ...headers },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      }
      const inject = () => turns(() => (servers[server] as Server).snug.app.inject(asked))
      let answer = await inject()
      // A machine that has other things to do as well: nothing here minds if something is done twice.
      for (let tries = 1; answer.statusCode === 503 && tries < TRIES; tries++) answer = await inject()
      const text = answer.payload
      return {
        status: answer.statusCode,
        body: text.startsWith('{') ? JSON.parse(text) : null,
        header: (name) => (answer.headers[name] as string | undefined) ?? null,
      }
    },
    clock,
    async handedOver(which) {
      const moment = await clock()
      await Promise.all(Array.from(which, (i) => watchOf(servers[i] as Server, token).past(moment)))
    },
  }
}

/** Runs so many at once. */
function createTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = most
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}

/** The people and communities of histories, told of all at once. */
export async function tell(world: World, lines: readonly object[]): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' }
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  const { status, body } = await world.call(0, 'POST', '/service/v1/import', { headers, body: text })
  if (status !== 200 || body.errors.length > 0) throw new Error(`${status} ${JSON.stringify(body)}`)
}

interface Watch {
  past(moment: number): Promise<void>
}

const watches = new WeakMap<Server, Watch>()
const WATCHER = 'watcher'

/**
 * Reads off a server until when it has handed over everything: the ids of events say it, and a new stream's first one is as good as
 * any. All histories share the asking.
 */
function watchOf(server: Server, token: (userId: string) => string): Watch {
  const known = watches.get(server)
  if (known) return known
  let waiting: { moment: number; resolve: () => void; reject: (error: Error) => void }[] = []
  let asking = false
  const ask = async () => {
    asking = true
    while (waiting.length > 0) {
      try {
        const until = await untilOf(server, token(WATCHER))
        for (const one of waiting) if (one.moment < until) one.resolve()
        waiting = waiting.filter(({ moment }) => moment >= until)
      } catch (error) {
        for (const one of waiting.splice(0)) one.reject(error as Error)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    asking = false
  }
  const watch: Watch = {
    past: (moment) =>
      new Promise((resolve, reject) => {
        waiting.push({ moment, resolve, reject })
        if (!asking) void ask()
      }),
  }
  watches.set(server, watch)
  return watch
}

/** What everybody who waits with `handedOver` needs. */
export const watcherLine = { type: 'user', id: WATCHER, username: WATCHER }

function untilOf({ url }: Server, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, ['snug.v1', `bearer.${token}`])
    socket.on('error', reject)
    socket.on('message', (data) => {
      const { id, event } = JSON.parse(String(data))
      if (event !== 'ready') return
      socket.terminate()
      resolve(Number.parseInt(id.split('-')[1], 36))
    })
  })
}
