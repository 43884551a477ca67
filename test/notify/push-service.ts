import { createECDH, createPublicKey, type ECDH, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import ece from 'http_ece'
import type { Note } from '../../src/notify/push/note.ts'
import { act, type Behave, bodyOf, type HttpsServer, startHttps } from './behaviour.ts'
import { readJwt } from './jwt.ts'

export interface ReceivedPush {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Decrypted; by a service that is not strict when it is looked at. */
  readonly note: Note
  /** The size of the body as it came. */
  readonly bytes: number
  /** Null of a service that is not strict. */
  readonly vapid: Vapid | null
  /** Whether it was answered with 2xx, be it that the line was cut then. */
  readonly accepted: boolean
}

interface Vapid {
  readonly aud: string
  readonly sub: string
  readonly exp: number
  readonly key: string
}

export interface Subscription {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
}

export interface PushService extends HttpsServer {
  /** A browser's new one. @param host a name for the address, instead of 127.0.0.1 */
  subscription(host?: string): Subscription
  /** Everything that was in order, in the order in which it came. */
  readonly received: readonly ReceivedPush[]
  /** What was not in order, and was answered 400 or 403. */
  readonly faults: readonly string[]
  /** Requests that arrived, in order or not. */
  requests(): number
  behave(behave: Behave<ReceivedPush> | null): void
}

const MAX_BYTES = 4096
const DAY_S = 86_400

/**
 * A push service of RFC 8030 on loopback that is also the browser: it checks VAPID (RFC 8292), and decrypts (RFC 8291).
 * @param options.strict false: checks and decrypts nothing while it answers, as fast as services are
 */
export async function startPushService({ strict = true } = {}): Promise<PushService> {
  const browsers = new Map<string, { ecdh: ECDH; auth: string }>()
  const received: ReceivedPush[] = []
  const faults: string[] = []
  let behave: Behave<ReceivedPush> | null = null
  let requests = 0
  const server = await startHttps(async (request, response) => {
    const number = ++requests
    const body = await bodyOf(request)
    const browser = browsers.get(request.url ?? '')
    if (!browser) return act(response, { status: 404, body: 'no such subscription' })
    let push: ReceivedPush
    try {
      push = strict ? readPush(request, body, browser) : takePush(request, body, browser)
    } catch (error) {
      faults.push(String(error))
      return act(response, { status: 400, body: String(error) })
    }
    const behaviour = behave?.(push, number)
    const answered = behaviour?.hang === undefined && behaviour?.cut !== 'before'
    const accepted = answered && Math.floor((behaviour?.status ?? 201) / 100) === 2
    received.push(Object.defineProperty(push, 'accepted', { value: accepted, enumerable: true }))
    await act(response, { status: 201, headers: { location: `/message/${number}` } }, behaviour)
  })
  return {
    ...server,
    received,
    faults,
    requests: () => requests,
    behave: (next) => {
      behave = next
    },
    subscription(host) {
      const ecdh = createECDH('prime256v1')
      const p256dh = ecdh.generateKeys('base64url')
      const auth = randomBytes(16).toString('base64url')
      const path = `/push/${randomBytes(12).toString('base64url')}`
      browsers.set(path, { ecdh, auth })
      const url = host === undefined ? server.url : server.url.replace('127.0.0.1', host)
      return { endpoint: `${url}${path}`, keys: { p256dh, auth } }
    },
  }
}

function readPush(
  request: IncomingMessage,
  body: Buffer,
  browser: { ecdh: ECDH; auth: string },
): ReceivedPush {
  const { headers } = request
  const insist = (holds: boolean, words: string) => {
    if (!holds) throw new Error(words)
  }
  insist(request.method === 'POST', 'POST alone')
  insist(/^\d+$/.test(String(headers.ttl)), 'no TTL')
  insist(/^[\w-]{1,32}$/.test(String(headers.topic ?? 'none')), 'Topic is not 1 to 32 of base64url')
  insist(['very-low', 'low', 'normal', 'high'].includes(String(headers.urgency)), 'no such Urgency')
  insist(headers['content-encoding'] === 'aes128gcm', 'not encrypted as RFC 8291 says')
  insist(body.length <= MAX_BYTES, 'too large')
  const vapid = readVapid(String(headers.authorization))
  insist(vapid.aud === `https://${headers.host}`, 'the token is for another service')
  insist(vapid.exp > Date.now() / 1000 && vapid.exp <= Date.now() / 1000 + DAY_S, 'a token for too long')
  insist(/^(mailto:|https:)/.test(vapid.sub), 'nobody to complain to')
  return { ...takePush(request, body, browser), note: decrypt(body, browser), vapid }
}

function takePush(
  request: IncomingMessage,
  body: Buffer,
  browser: { ecdh: ECDH; auth: string },
): ReceivedPush {
  return {
    endpoint: `https://${request.headers.host}${request.url}`,
    headers: request.headers,
    get note() {
      return decrypt(body, browser)
    },
    bytes: body.length,
    vapid: null,
    accepted: true,
  }
}

function decrypt(body: Buffer, browser: { ecdh: ECDH; auth: string }): Note {
  const plain = ece.decrypt(body, {
    version: 'aes128gcm',
    privateKey: browser.ecdh,
    authSecret: browser.auth,
  })
  return JSON.parse(plain.toString('utf8')) as Note
}

function readVapid(authorization: string): Vapid {
  const [, token = '', key = ''] = authorization.match(/^vapid t=([\w.-]+), ?k=([\w-]+)$/) ?? []
  const point = Buffer.from(key, 'base64url')
  const x = point.subarray(1, 33).toString('base64url')
  const y = point.subarray(33).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  const { claims } = readJwt(token, 'ES256', publicKey)
  return { aud: String(claims.aud), sub: String(claims.sub), exp: Number(claims.exp), key }
}
