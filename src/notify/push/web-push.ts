import webPush from 'web-push'
import type { Device } from '../../domain/delivery.ts'
import type { VapidKeys } from '../../domain/push.ts'
import { type Answer, exchange } from './exchange.ts'
import type { Note } from './note.ts'
import { NotPublic, PublicAgent, publicAddresses, type Resolve } from './public-address.ts'
import { gone, unanswered, type Verdict, verdictOf } from './verdict.ts'

/** Who we are to push services. */
export interface Vapid extends VapidKeys {
  /** `mailto:` or https, for the push service to complain to (RFC 8292 §2.1). */
  readonly subject: string
}

export interface WebPushOptions {
  readonly vapid: Vapid
  /** CIDR ranges that are permitted though not public. */
  readonly allow: readonly string[]
  readonly deadlineMs: number
  /** PEM, trusted besides nothing else; absent: the system's. */
  readonly ca: string | undefined
  readonly resolve: Resolve | undefined
}

export interface WebPush {
  send(device: Device & { platform: 'web' }, note: Note): Promise<Verdict>
  close(): void
}

/** After three days a message is found in the inbox. Services take less if they like (RFC 8030 §5.2). */
export const TTL_SECONDS = 259_200
/** A token holds for 12 hours; the same one for an hour saves a signature a message. */
const TOKEN_MS = 3_600_000
const TOKENS = 1000

/** Attempts under way with one origin: as many connections as are opened to it. */
export const WEB_PUSH_LIMIT = 8
/** Idle connections are closed after this. Every subscription can name a host of its own. */
const IDLE_MS = 15_000

/** Sends by RFC 8030, encrypted by RFC 8291, identified by RFC 8292. */
export function createWebPush(options: WebPushOptions): WebPush {
  const { deadlineMs, vapid } = options
  const agent = new PublicAgent(publicAddresses(options.allow), options.resolve, {
    keepAlive: true,
    maxSockets: WEB_PUSH_LIMIT,
    maxFreeSockets: 2,
    timeout: IDLE_MS,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })
  const authorization = authorizations(vapid)
  return {
    async send({ address, p256dh, auth }, note) {
      const url = endpointOf(address)
      if (!url) return never('refused', 'the endpoint is not an https URL without a username')
      let details: webPush.RequestDetails
      try {
        // The origin for the endpoint, and no VAPID: it would parse the endpoint in its own, older way.
        details = webPush.generateRequestDetails(
          { endpoint: url.origin, keys: { p256dh, auth } },
          JSON.stringify(note),
          { vapidDetails: null as never, TTL: TTL_SECONDS, urgency: 'normal', topic: note.thread },
        )
      } catch {
        return never('gone', "the subscription's keys are not keys")
      }
      const headers = { ...details.headers, Authorization: authorization(url.origin) }
      try {
        return read(await exchange(url, { agent, headers, body: details.body ?? '', deadlineMs }))
      } catch (error) {
        // Not `gone`: a range missing in SNUG_WEB_PUSH_ALLOW must not cost a company's devices.
        if (error instanceof NotPublic)
          return never('refused', 'the endpoint does not lead to a public address')
        return unanswered(error)
      }
    },
    close: () => agent.destroy(),
  }
}

/** The endpoint, if it is one that anything is sent to. */
export function endpointOf(address: string): URL | null {
  if (!URL.canParse(address)) return null
  const url = new URL(address)
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? url : null
}

function read(answer: Answer): Verdict {
  return answer.status === 404 || answer.status === 410
    ? gone(answer, answer.body)
    : verdictOf(answer, answer.body)
}

function never(kind: 'refused' | 'gone', words: string): Verdict {
  return { outcome: { kind, words }, service: 'unknown' }
}

/** Signed tokens by origin. @throws when the keys or the subject are not what VAPID wants */
function authorizations({ subject, publicKey, privateKey }: Vapid): (origin: string) => string {
  const kept = new Map<string, { value: string; until: number }>()
  const sign = (origin: string) =>
    webPush.getVapidHeaders(origin, subject, publicKey, privateKey, 'aes128gcm').Authorization
  // At once, so that a key that cannot sign ends the start and not a message.
  sign('https://push.example')
  return (origin) => {
    const token = kept.get(origin)
    if (token && token.until > Date.now()) return token.value
    const value = sign(origin)
    kept.delete(origin)
    const [oldest] = kept.keys()
    if (kept.size >= TOKENS && oldest !== undefined) kept.delete(oldest)
    kept.set(origin, { value, until: Date.now() + TOKEN_MS })
    return value
  }
}
