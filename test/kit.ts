import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { readConfig } from '../src/config.ts'
import { type Snug, startSnug } from '../src/main.ts'
import { type Db, openDb } from '../src/store/db.ts'
import { databaseUrl } from './setup.ts'

const SERVICE_KEY = 'a-service-key-for-tests'
const JWT_SECRET = 'a-secret-for-tests-of-32-bytes-or-more'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert on what is in there
  readonly body: any
}

export interface Call {
  /** The user id to sign a token for; absent: no token. */
  readonly as?: string
  readonly service?: boolean
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A whole Snug on a database of its own, called without a socket in between. */
export interface TestSnug {
  readonly snug: Snug
  readonly db: Db
  readonly databaseUrl: string
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH', path: string, call?: Call): Promise<Answer>
  token(userId: string): string
  /** Tells of users by their ids; the username is `name of <id>`. */
  users(...ids: string[]): Promise<void>
  community(id: string, creatorId: string): Promise<void>
  member(communityId: string, userId: string, status?: string): Promise<void>
  /** A message, which has to be accepted. */
  send(communityId: string, from: string, to: string, content: string): Promise<{ id: string }>
}

/** A new database, cloned from the migrated template, dropped after the tests of the file. */
export async function newDatabase(): Promise<string> {
  const server = process.env.SNUG_TEST_DATABASE_URL
  if (!server) throw new Error('run the tests with: npm test [-- file …]')
  const name = `snug_${randomBytes(6).toString('hex')}`
  await admin(server, `create database ${name} template snug_template`)
  after(() => admin(server, `drop database ${name} with (force)`))
  return databaseUrl(server, name)
}

async function admin(server: string, statement: string): Promise<void> {
  const db = openDb({ connectionString: server }, { log: () => {}, connections: 1 })
  const client = await db.dedicated('snug test')
  await client.query(statement)
  await client.end()
  await db.close()
}

/** SQL of a test's own, with no time-out. */
export async function runSql<Row extends object>(
  db: Db,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = await db.dedicated('snug test')
  try {
    return (await client.query<Row>(text, [...values])).rows
  } finally {
    await client.end()
  }
}

/** Starts a Snug, stopped after the tests of the file. @param url of a database; default: a new one */
export async function newSnug(url?: string, env: Readonly<Record<string, string>> = {}): Promise<TestSnug> {
  const DATABASE_URL = url ?? (await newDatabase())
  const dataDir = mkdtempSync(join(tmpdir(), 'snug-data-'))
  const own = {
    DATABASE_URL,
    PORT: '0',
    SNUG_DATA_DIR: dataDir,
    SNUG_SERVICE_KEY: SERVICE_KEY,
    SNUG_JWT_SECRET: JWT_SECRET,
  }
  const snug = await startSnug(readConfig({ ...own, SNUG_LOG_LEVEL: 'fatal', ...env }), () => {})
  after(async () => {
    await snug.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  return wrap(snug, DATABASE_URL)
}

function wrap(snug: Snug, url: string): TestSnug {
  const tokens = new Map<string, string>()
  const token = (userId: string) => {
    const known = tokens.get(userId) ?? snug.sign(userId, 86_400).access_token
    tokens.set(userId, known)
    return known
  }
  const call: TestSnug['call'] = async (method, path, { as, service, body, headers = {} } = {}) => {
    const bearer = service ? SERVICE_KEY : as === undefined ? undefined : token(as)
    const answer = await snug.app.inject({
      method,
      url: path,
      headers: { ...(bearer && { authorization: `Bearer ${bearer}` }), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const json = String(answer.headers['content-type']).startsWith('application/json')
    return { status: answer.statusCode, headers: answer.headers, body: json ? answer.json() : answer.body }
  }
  const must = async (answer: Promise<Answer>) => {
    const { status, body } = await answer
    if (status > 299) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body
  }
  const put = (path: string, body: object) =>
    must(call('PUT', `/service/v1/${path}`, { service: true, body }))
  return {
    snug,
    db: snug.database.db,
    databaseUrl: url,
    call,
    token,
    users: async (...ids) => {
      for (const id of ids) await put(`users/${id}`, { username: `name of ${id}` })
    },
    community: (id, creatorId) =>
      put(`communities/${id}`, { name: `Community ${id}`, creator_id: creatorId }),
    member: (communityId, userId, status = 'active') =>
      put(`communities/${communityId}/members/${userId}`, { status }),
    send: (communityId, from, recipient_id, content) =>
      must(
        call('POST', `/api/v1/communities/${communityId}/messages`, {
          as: from,
          body: { recipient_id, content },
        }),
      ),
  }
}
