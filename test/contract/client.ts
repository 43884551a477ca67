import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { type Answer, newSnug, type TestSnug } from '../kit.ts'
import { createDocumentCheck, type DocumentCheck, type OpenApi } from './document.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'

export interface Ask {
  /** The user id to sign a token for. */
  readonly as?: string
  /** With the service key. */
  readonly service?: boolean
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is. */
  readonly raw?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
}

export interface Answered extends Answer {
  /** The body to the byte. */
  readonly text: string
}

/** A Snug whose every answer is held against the document and the conventions of CONTRACT §1. */
export interface ContractSnug {
  readonly snug: TestSnug
  ask(method: Method, path: string, ask?: Ask): Promise<Answered>
  /** Tells of users by their ids; the username is `name of <id>`. */
  users(...ids: string[]): Promise<void>
  user(id: string, fields: object): Promise<void>
  community(id: string, creatorId: string): Promise<void>
  member(communityId: string, userId: string, status?: string): Promise<void>
  block(communityId: string, userId: string): Promise<void>
  unblock(communityId: string, userId: string): Promise<void>
  erase(userId: string): Promise<void>
  /** A message, which has to be accepted. */
  send(communityId: string, from: string, to: string, content: string): Promise<SentMessage>
  list(as: string, communityId: string, query?: Record<string, string>): Promise<Answered>
  thread(as: string, communityId: string, other: string, query?: Record<string, string>): Promise<Answered>
}

export interface Person {
  readonly id: string
  readonly username: string
  readonly avatar_url: string | null
}

export interface SentMessage {
  readonly id: string
  readonly content: string
  readonly created_at: string
  readonly updated_at: string
  readonly sender: Person
  readonly recipient: Person
}

export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
export const WIRE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Somebody as the kit tells of them. */
export const personOf = (id: string): Person => ({ id, username: `name of ${id}`, avatar_url: null })
export const erasedPerson = (id: string): Person => ({ id, username: 'deleted', avatar_url: null })

export const messagesPath = (communityId: string) => `/api/v1/communities/${communityId}/messages`
export const membersPath = (communityId: string) => `/api/v1/communities/${communityId}/members`

/** Starts a Snug for contract tests, stopped after the tests of the file. */
export async function newContract(
  url?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ContractSnug> {
  const snug = await newSnug(url, env)
  const document = createDocumentCheck((await snug.call('GET', '/openapi.json')).body as OpenApi)
  return withHelpers(snug, createAsk(snug, document))
}

function createAsk(snug: TestSnug, document: DocumentCheck): ContractSnug['ask'] {
  const requestIds = new Set<unknown>()
  return async (method, path, { as, service, body, raw, headers = {}, query } = {}) => {
    const key = snug.snug.secrets.serviceKeys[0] as string
    const bearer = service ? key : as === undefined ? undefined : snug.token(as)
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const answer = await snug.snug.app.inject({
      method,
      url: path,
      headers: { ...(bearer && { authorization: `Bearer ${bearer}` }), ...headers },
      ...(query && { query }),
      ...(payload !== undefined && { payload }),
    })
    const json = String(answer.headers['content-type']).startsWith('application/json')
    const answered = {
      status: answer.statusCode,
      headers: answer.headers,
      body: json ? answer.json() : answer.body,
    }
    if (/^\/(api|service)\//.test(path)) {
      checkConventions(answered, requestIds)
      document.check(method, path, answered.status, answered.body)
    }
    return { ...answered, text: answer.body }
  }
}

/** What CONTRACT §1 says of every answer. */
function checkConventions(answer: Answer, requestIds: Set<unknown>): void {
  const requestId = answer.headers['x-request-id']
  assert.match(String(requestId), /^[\w-]{8,}$/, 'X-Request-Id')
  assert.ok(!requestIds.has(requestId), 'an X-Request-Id came twice')
  requestIds.add(requestId)
  assert.equal(answer.headers['cache-control'], 'no-store')
  checkTimesAndIds(answer.body)
}

function checkTimesAndIds(value: unknown): void {
  if (Array.isArray(value)) {
    for (const one of value) checkTimesAndIds(one)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (key.endsWith('_at') && inner !== null) assert.match(inner, WIRE_TIME, key)
      checkTimesAndIds(inner)
    }
    if ('content' in value || 'latest_message' in value)
      assert.match(String((value as { id?: unknown }).id), UUID_V7)
  }
}

function withHelpers(snug: TestSnug, ask: ContractSnug['ask']): ContractSnug {
  const must = async (answer: Promise<Answered>) => {
    const { status, body, text } = await answer
    assert.ok(status < 300, `${status} ${text}`)
    return body
  }
  const put = (path: string, body: object) => must(ask('PUT', `/service/v1/${path}`, { service: true, body }))
  const post = (path: string) => must(ask('POST', `/service/v1/${path}`, { service: true }))
  return {
    snug,
    ask,
    users: async (...ids) => {
      await Promise.all(ids.map((id) => put(`users/${id}`, { username: `name of ${id}` })))
    },
    user: (id, fields) => put(`users/${id}`, { username: `name of ${id}`, ...fields }),
    community: (id, creatorId) =>
      put(`communities/${id}`, { name: `Community ${id}`, creator_id: creatorId }),
    member: (communityId, userId, status = 'active') =>
      put(`communities/${communityId}/members/${userId}`, { status }),
    block: (communityId, userId) => post(`communities/${communityId}/members/${userId}/block`),
    unblock: (communityId, userId) => post(`communities/${communityId}/members/${userId}/unblock`),
    erase: (userId) => must(ask('DELETE', `/service/v1/users/${userId}`, { service: true })),
    send: (communityId, from, recipient_id, content) =>
      must(ask('POST', messagesPath(communityId), { as: from, body: { recipient_id, content } })),
    list: (as, communityId, query = {}) =>
      ask('GET', `${messagesPath(communityId)}/conversations`, { as, query }),
    thread: (as, communityId, other, query = {}) =>
      ask('GET', `${messagesPath(communityId)}/${encodeURIComponent(other)}`, { as, query }),
  }
}

/** Status and body at once, for one comparison. */
export function told(answer: Answered): { status: number; body: unknown } {
  return { status: answer.status, body: answer.body }
}

/** A token of any claims, in HS256. */
export function signClaims(
  claims: object,
  secret: string,
  header: object = { alg: 'HS256', typ: 'JWT' },
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
