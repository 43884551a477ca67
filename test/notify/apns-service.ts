import { generateKeyPairSync } from 'node:crypto'
import { createSecureServer, type Http2ServerRequest, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { act, type Behave, bodyOf, TLS } from './behaviour.ts'
import { readJwt } from './jwt.ts'

export interface ReceivedApns {
  readonly device: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly payload: {
    readonly aps: { readonly alert: { readonly title: string; readonly body: string } } & Record<
      string,
      unknown
    >
  } & Readonly<Record<string, unknown>>
  /** The provider token as it came. */
  readonly token: string
  /** Which session, from 1 on. */
  readonly session: number
}

export interface ApnsService {
  readonly url: string
  /** SNUG_APNS_KEY, SNUG_APNS_KEY_ID, SNUG_APNS_TEAM_ID, SNUG_APNS_TOPIC. */
  readonly key: string
  readonly keyId: string
  readonly teamId: string
  readonly topic: string
  readonly received: readonly ReceivedApns[]
  /** What was not in order. */
  readonly faults: readonly string[]
  /** How many were ever opened. */
  sessions(): number
  behave(behave: Behave<ReceivedApns> | null): void
  /** Tokens of before this moment have ended. */
  expireTokens(): void
  /** Announces on all sessions that they end; those under way may finish. */
  goAway(): void
  /** Cuts all lines. */
  cut(): void
  close(): Promise<void>
}

const KEY_ID = 'ABC123DEFG'
const TEAM_ID = 'DEF123GHIJ'
const TOPIC = 'com.example.snug'

/** APNs on loopback: HTTP/2 over TLS alone, with the provider's token checked. */
export async function startApns(): Promise<ApnsService> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const received: ReceivedApns[] = []
  const faults: string[] = []
  const open = new Map<ServerHttp2Session, number>()
  const ended = new Set<string>()
  let behave: Behave<ReceivedApns> | null = null
  let sessions = 0
  let requests = 0

  /** Apple's reason, and null for a request that is in order. */
  function faultOf(request: Http2ServerRequest, token: string): readonly [number, string] | null {
    if (request.method !== 'POST') return [405, 'MethodNotAllowed']
    if (!/^\/3\/device\/[0-9a-f]+$/.test(request.url)) return [404, 'BadPath']
    if (request.headers['apns-topic'] !== TOPIC) return [400, 'BadTopic']
    if (String(request.headers['apns-collapse-id']).length > 64) return [400, 'BadCollapseId']
    try {
      const { header, claims } = readJwt(token, 'ES256', publicKey)
      const age = Date.now() / 1000 - Number(claims.iat)
      if (header.kid !== KEY_ID || claims.iss !== TEAM_ID) return [403, 'InvalidProviderToken']
      return ended.has(token) || !(age > -5 && age < 3600) ? [403, 'ExpiredProviderToken'] : null
    } catch {
      return [403, 'InvalidProviderToken']
    }
  }

  const server = createSecureServer({ ...TLS, allowHTTP1: false }, async (request, response) => {
    response.on('error', () => {})
    request.on('error', () => {})
    const body = (await bodyOf(request).catch(() => Buffer.alloc(0))).toString('utf8')
    const token = String(request.headers.authorization).replace(/^bearer /, '')
    const fault = faultOf(request, token)
    if (fault) {
      faults.push(fault[1])
      return act(response, { status: fault[0], body: JSON.stringify({ reason: fault[1] }) })
    }
    const one: ReceivedApns = {
      device: request.url.replace('/3/device/', ''),
      headers: request.headers,
      payload: JSON.parse(body),
      token,
      session: open.get(request.stream.session as ServerHttp2Session) ?? 0,
    }
    const behaviour = behave?.(one, ++requests)
    received.push(one)
    return act(response, { status: 200 }, behaviour).catch(() => {})
  })
  server.on('session', (session) => {
    open.set(session, ++sessions)
    session.on('error', () => {})
    session.on('close', () => open.delete(session))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    keyId: KEY_ID,
    teamId: TEAM_ID,
    topic: TOPIC,
    received,
    faults,
    sessions: () => sessions,
    behave: (next) => {
      behave = next
    },
    expireTokens: () => {
      for (const { token } of received) ended.add(token)
    },
    goAway: () => {
      for (const session of open.keys()) session.goaway()
    },
    cut: () => {
      for (const session of open.keys()) session.destroy()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const session of open.keys()) session.destroy()
      }),
  }
}
