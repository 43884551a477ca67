import { createSigner } from 'fast-jwt'
import type { ApnsConfig } from '../../config/push.ts'
import { wordsOf } from '../words.ts'
import { apnsSession, Untaken } from './apns-session.ts'
import type { Answer } from './exchange.ts'
import type { Note } from './note.ts'
import { gone, unanswered, type Verdict, verdictOf } from './verdict.ts'
import { TTL_SECONDS } from './web-push.ts'

export interface Apns {
  send(token: string, note: Note): Promise<Verdict>
  close(): Promise<void>
}

/** Attempts under way: a tenth of the streams that Apple allows. */
export const APNS_LIMIT = 100

/** Apple takes a token for an hour, and a new one not more often than every 20 minutes. */
const TOKEN_MS = 40 * 60_000
/**
 * Said of one token that is wrong, and of every token when our configuration is: a slip of it must not delete all iPhones. So the device
 * stays, is refused each time, and the operator reads why. A token that has ended is 410.
 */
const TO_CHECK: ReadonlyMap<string, string> = new Map([
  ['BadDeviceToken', 'if all devices have it, SNUG_APNS_URL is the other of sandbox and production'],
  ['DeviceTokenNotForTopic', "if all devices have it, SNUG_APNS_TOPIC is not the app's bundle id"],
])

/** Sends by APNs over HTTP/2, identified by signed tokens. */
export function createApns(
  config: ApnsConfig,
  options: { deadlineMs: number; ca: string | undefined; now?: () => number },
): Apns {
  const session = apnsSession(config.url, options.deadlineMs, options.ca)
  const provider = providerToken(config, options.now ?? Date.now)
  return {
    async send(device, note) {
      // It becomes part of a path.
      if (!/^[0-9a-f]+$/i.test(device)) {
        return { outcome: { kind: 'gone', words: 'the device token is not hexadecimal' }, service: 'unknown' }
      }
      const token = provider.get()
      const headers = {
        authorization: `bearer ${token}`,
        'content-type': 'application/json',
        'apns-topic': config.topic,
        'apns-push-type': 'alert',
        'apns-priority': '10',
        'apns-collapse-id': note.thread,
        'apns-expiration': String(Math.floor(Date.now() / 1000) + TTL_SECONDS),
      }
      try {
        const answer = await session.post(`/3/device/${device}`, headers, payloadOf(note))
        const reason = reasonOf(answer)
        if (answer.status === 403 && reason === 'ExpiredProviderToken') {
          provider.forget(token)
          return {
            outcome: { kind: 'later', words: wordsOf(`403 ${reason}`), afterMs: null },
            service: 'ill',
          }
        }
        if (answer.status === 410) return gone(answer, reason)
        const check = TO_CHECK.get(reason)
        return verdictOf(answer, check === undefined ? reason : `${reason}: ${check}`)
      } catch (error) {
        const { outcome, service } = unanswered(error)
        // Apple moves connections now and then (GOAWAY): no reason to pause.
        return { outcome, service: error instanceof Untaken ? 'unknown' : service }
      }
    },
    close: () => session.close(),
  }
}

function payloadOf({ title, body, badge, data, thread }: Note): string {
  return JSON.stringify({
    aps: { alert: { title, body }, badge, sound: 'default', 'thread-id': thread },
    ...data,
  })
}

function reasonOf({ body }: Answer): string {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown }
    return typeof reason === 'string' ? reason : body
  } catch {
    return body
  }
}

function providerToken({ key, keyId, teamId }: ApnsConfig, now: () => number) {
  const sign = createSigner({ algorithm: 'ES256', key, kid: keyId, iss: teamId })
  let kept: { token: string; until: number } | null = null
  return {
    get(): string {
      if (kept && kept.until > now()) return kept.token
      kept = { token: sign({ iat: Math.floor(now() / 1000) }), until: now() + TOKEN_MS }
      return kept.token
    },
    forget(token: string): void {
      if (kept?.token === token) kept = null
    },
  }
}
