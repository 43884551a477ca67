import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, openDb } from '../../src/store/db.ts'
import { sql } from '../../src/store/sql.ts'
import { createSigner } from '../../src/tokens/sign.ts'
import { newDatabase } from '../kit.ts'
import { Reader, type Site } from './chaos-reader.ts'
import { type ChaosServer, type Nats, newNats, newServer, SECRETS } from './chaos-servers.ts'

// Communities with a creator and some members each, of whom everybody writes and reads.
const COMMUNITIES = 4
const MEMBERS = 3
const DEADLINE_MS = 60_000

/** A conversation: its two people, who are both readers. */
export interface Talk {
  readonly community: string
  readonly creator: string
  readonly member: string
}

interface Sent {
  readonly id: string
  readonly talk: Talk
}

/** Two servers, their readers, and what was sent and acknowledged. */
export class ChaosWorld {
  readonly servers: readonly ChaosServer[]
  readonly nats: Nats | null
  readonly db: Db
  readonly talks: readonly Talk[]
  readonly readers: Reader[] = []
  readonly ledger: Sent[] = []
  readonly #tokens = new Map<string, string>()
  #over = false

  constructor(servers: readonly ChaosServer[], nats: Nats | null, db: Db) {
    this.servers = servers
    this.nats = nats
    this.db = db
    this.talks = Array.from({ length: COMMUNITIES * MEMBERS }, (_, i) => {
      const community = `c${Math.floor(i / MEMBERS)}`
      return { community, creator: `${community}.ada`, member: `${community}.m${i % MEMBERS}` }
    })
  }

  /** A server that runs, by chance; waits until there is one. */
  async url(): Promise<string> {
    for (;;) {
      // Nobody comes back any more.
      if (this.#over) return new Promise(() => {})
      const running = this.servers.map(({ url }) => url).filter((url) => url !== null)
      if (running.length > 0) return running[randomInt(running.length)] as string
      await sleep(20)
    }
  }

  token(user: string): string {
    const known = this.#tokens.get(user) ?? sign(user, 86_400).access_token
    this.#tokens.set(user, known)
    return known
  }

  async ask(method: string, path: string, as: string | null, body?: object, key?: string): Promise<Response> {
    return fetch((await this.url()) + path, {
      method,
      headers: {
        authorization: `Bearer ${as === null ? SECRETS.SNUG_SERVICE_KEY : this.token(as)}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    })
  }

  /** The same until a server has answered, whatever breaks meanwhile. */
  async must(method: string, path: string, as: string | null, body?: object, key?: string): Promise<unknown> {
    const until = Date.now() + DEADLINE_MS
    for (;;) {
      const answer = await this.ask(method, path, as, body, key).catch(() => null)
      if (answer?.ok) {
        // The line may break while it is read.
        const read = await answer.json().catch(() => null)
        if (read !== null) return read
      } else if (answer && answer.status < 500) throw new Error(`${answer.status} ${await answer.text()}`)
      if (Date.now() > until) throw new Error(`${method} ${path} was never answered`)
      await sleep(20)
    }
  }

  async tellOfAll(): Promise<void> {
    const put = (path: string, body: object) => this.must('PUT', `/service/v1/${path}`, null, body)
    for (const { community, creator, member } of this.talks) {
      for (const id of [creator, member]) await put(`users/${id}`, { username: id })
      await put(`communities/${community}`, { name: community, creator_id: creator })
      await put(`communities/${community}/members/${member}`, { status: 'active' })
    }
  }

  /** Everybody reads, by turns in either way, the creators twice. */
  async openReaders(): Promise<void> {
    const site: Site = {
      url: () => this.url(),
      token: (user) => this.token(user),
      thread: (community, user, other) => this.#thread(community, user, other),
    }
    const people = new Map<string, (readonly [string, string])[]>()
    for (const { community, creator, member } of this.talks) {
      people.set(creator, [...(people.get(creator) ?? []), [community, member]])
      people.set(member, [[community, creator]])
    }
    for (const [user, others] of [...people, ...[...people].filter(([user]) => user.endsWith('ada'))])
      this.readers.push(new Reader(site, user, this.readers.length % 2 === 0 ? 'websocket' : 'sse', others))
    await this.whenAll((reader) => reader.live, 'live')
  }

  /** Has readers go wherever chance takes them. */
  async shuffle(): Promise<void> {
    for (const reader of this.readers) reader.cut()
    await this.whenAll((reader) => reader.live, 'live')
  }

  /** Sends one message, and once more with its key until it is acknowledged. */
  async send(talk: Talk): Promise<void> {
    const { community, creator, member } = talk
    const [from, to] = randomInt(2) === 0 ? [creator, member] : [member, creator]
    const body = { recipient_id: to, content: `message ${this.ledger.length}` }
    const path = `/api/v1/communities/${community}/messages`
    const { id } = (await this.must('POST', path, from, body, randomUUID())) as { id: string }
    this.ledger.push({ id, talk })
  }

  sendSome(count: number): Promise<unknown> {
    return Promise.all(
      Array.from({ length: count }, () => this.send(this.talks[randomInt(this.talks.length)] as Talk)),
    )
  }

  async #thread(community: string, user: string, other: string): Promise<string[]> {
    const ids: string[] = []
    for (let page = 1; ; page++) {
      const path = `/api/v1/communities/${community}/messages/${other}?page=${page}&per_page=100`
      const { data, has_more } = (await this.must('GET', path, user)) as {
        data: { id: string }[]
        has_more: boolean
      }
      ids.push(...data.map(({ id }) => id))
      if (!has_more) return ids
    }
  }

  /** @throws {Error} when it does not become so for every reader in time */
  async whenAll(holds: (reader: Reader) => boolean, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, DEADLINE_MS, 'late')
    })
    for (const reader of this.readers) {
      if ((await Promise.race([reader.until(() => holds(reader)), late])) !== 'late') continue
      const told = JSON.stringify([...reader.wire.counts])
      throw new Error(`${reader.user} is not ${what}: ${reader.faults.slice(0, 3)} ${told}`)
    }
    clearTimeout(timer)
  }

  /** What was acknowledged, what the tables hold and what every reader was told is the same, in the same order. */
  async assertWhole(): Promise<void> {
    const rows = await this.db.query(stored)
    const tables = new Map<string, string[]>()
    for (const { community, low, high, id } of rows) {
      for (const key of [`${low} ${community} ${high}`, `${high} ${community} ${low}`])
        tables.set(key, [...(tables.get(key) ?? []), id])
    }
    assert.deepEqual(
      new Set(rows.map(({ id }) => id)),
      new Set(this.ledger.map(({ id }) => id)),
      'the ledger',
    )
    assert.equal(rows.length, this.ledger.length)
    const counted = (reader: Reader) => [...reader.threads.values()].reduce((sum, ids) => sum + ids.length, 0)
    const expected = (user: string) =>
      [...tables].reduce((sum, [key, ids]) => (key.startsWith(`${user} `) ? sum + ids.length : sum), 0)
    await this.whenAll((reader) => counted(reader) >= expected(reader.user), 'told of everything')
    for (const reader of this.readers) {
      assert.deepEqual(reader.faults, [])
      for (const [key, ids] of reader.threads) assert.deepEqual(ids, tables.get(`${reader.user} ${key}`), key)
    }
  }

  close(): void {
    this.#over = true
    for (const reader of this.readers) reader.close()
  }

  resyncs(): number {
    return this.readers.reduce((sum, reader) => sum + reader.resyncs.length, 0)
  }
}

const sign = createSigner({ secret: SECRETS.SNUG_JWT_SECRET, issuer: null, audience: null })

const stored = sql<{ community: string; low: string; high: string; id: string }>(
  'test.chaos_stored',
  `select community.id as community, low.id as low, high.id as high, m.id from conversations c
   join messages m on m.community_key = c.community_key and m.conversation_key = c.key
   join communities community on community.key = c.community_key
   join users low on low.key = c.low_key join users high on high.key = c.high_key
   order by c.key, m.position`,
)

/** @param bus by which the servers tell each other */
export async function newChaos(
  bus: 'database' | 'nats',
  { withNats = true }: { withNats?: boolean } = {},
): Promise<ChaosWorld> {
  const databaseUrl = await newDatabase()
  const db = openDb({ connectionString: databaseUrl }, { log: () => {}, connections: 2 })
  after(() => db.close())
  const nats = bus === 'nats' ? await newNats() : null
  if (withNats) await nats?.start()
  const servers = [newServer(databaseUrl, nats?.url), newServer(databaseUrl, nats?.url)]
  await Promise.all(servers.map((server) => server.start()))
  const world = new ChaosWorld(servers, nats, db)
  after(() => world.close())
  await world.tellOfAll()
  await world.openReaders()
  return world
}
