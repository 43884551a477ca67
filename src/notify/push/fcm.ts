import { Agent } from 'node:https'
import type { FcmConfig } from '../../config/push.ts'
import { wordsOf } from '../words.ts'
import { type Answer, exchange } from './exchange.ts'
import { googleToken, NoToken } from './google-token.ts'
import type { Note } from './note.ts'
import { gone, unanswered, type Verdict, verdictOf } from './verdict.ts'
import { TTL_SECONDS } from './web-push.ts'

export interface Fcm {
  send(token: string, note: Note): Promise<Verdict>
  close(): void
}

/** Attempts under way, and connections. */
export const FCM_LIMIT = 32

/** Sends by FCM HTTP v1 with a service account. */
export function createFcm(config: FcmConfig, options: { deadlineMs: number; ca: string | undefined }): Fcm {
  const { deadlineMs, ca } = options
  const agent = new Agent({ keepAlive: true, maxSockets: FCM_LIMIT, ...(ca === undefined ? {} : { ca }) })
  const access = googleToken(config, agent, deadlineMs)
  const url = new URL(`${config.url}/v1/projects/${encodeURIComponent(config.projectId)}/messages:send`)
  return {
    async send(device, note) {
      try {
        const token = await access.get()
        const body = JSON.stringify({ message: messageOf(device, note) })
        const headers = {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
        }
        const answer = await exchange(url, { agent, headers, body, deadlineMs })
        const said = readFault(answer)
        if (answer.status === 401) {
          // FCM without a valid key for APNs says 401 as well, of iPhones alone: our token is good then.
          const ours = said.code !== 'THIRD_PARTY_AUTH_ERROR'
          if (ours) access.forget(token)
          const outcome = { kind: 'later', words: wordsOf(`401 ${said.words}`), afterMs: null } as const
          return { outcome, service: ours ? 'ill' : 'unknown' }
        }
        return isGone(answer, said) ? gone(answer, said.words) : verdictOf(answer, said.words)
      } catch (error) {
        if (!(error instanceof NoToken)) return unanswered(error)
        return { outcome: { kind: 'later', words: wordsOf(error.message), afterMs: null }, service: 'ill' }
      }
    },
    close: () => agent.destroy(),
  }
}

function messageOf(token: string, { title, body, badge, data, thread }: Note) {
  return {
    token,
    notification: { title, body },
    data: { ...data, badge: String(badge) },
    android: {
      priority: 'HIGH',
      ttl: `${TTL_SECONDS}s`,
      collapse_key: thread,
      notification: { tag: thread, notification_count: badge },
    },
    apns: {
      headers: { 'apns-priority': '10', 'apns-collapse-id': thread },
      payload: { aps: { badge, sound: 'default', 'thread-id': thread } },
    },
  }
}

interface Fault {
  /** FCM's own code, more exact than the status. */
  readonly code: string | null
  /** The fields that it did not take. */
  readonly fields: readonly string[]
  readonly words: string
}

interface FaultBody {
  error?: {
    message?: unknown
    details?: { errorCode?: unknown; fieldViolations?: { field?: unknown }[] }[]
  }
}

function readFault({ body }: Answer): Fault {
  try {
    const { error } = JSON.parse(body) as FaultBody
    const details = Array.isArray(error?.details) ? error.details : []
    const code = details.find((one) => typeof one?.errorCode === 'string')?.errorCode
    const fields = details.flatMap((one) => one?.fieldViolations ?? []).map(({ field }) => String(field))
    const words = `${typeof code === 'string' ? code : ''} ${error?.message ?? ''}`.trim()
    return { code: typeof code === 'string' ? code : null, fields, words: words || body }
  } catch {
    return { code: null, fields: [], words: body }
  }
}

/**
 * Whether the token is what it did not take. A 404 without FCM's code is not enough: a project or a SNUG_FCM_URL that
 * is wrong answers so for every device, and all of them would be removed.
 */
function isGone({ status }: Answer, { code, fields, words }: Fault): boolean {
  if (code === 'UNREGISTERED') return true
  return (
    status === 400 &&
    code === 'INVALID_ARGUMENT' &&
    (fields.includes('message.token') || /registration token/i.test(words))
  )
}
