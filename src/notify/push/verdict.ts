import type { Outcome } from '../../domain/delivery.ts'
import { wordsOf } from '../words.ts'
import type { Answer } from './exchange.ts'

/** What an attempt says of the message, and of the service it was made with. */
export interface Verdict {
  readonly outcome: Outcome
  /**
   * `well`: it works. `ill`: it does not, or does not answer. `asks`: it wants to be left alone until the outcome's
   * `afterMs`. `crowded`: it takes nothing for this device for now. `unknown`: the attempt never got there.
   */
  readonly service: 'well' | 'ill' | 'asks' | 'crowded' | 'unknown'
}

const DAY_MS = 86_400_000

/**
 * What the status of an answer means for all services alike. A redirect is refused: a push service has no reason for
 * one, and it could lead into the inner network. It is not `gone`, since a proxy in between can answer so for an hour,
 * and the device would be lost for good.
 * @param words the service's own, as taken from the answer
 */
export function verdictOf(answer: Answer, words: string): Verdict {
  const { status } = answer
  const said = wordsOf(`${status} ${words}`)
  if (status >= 200 && status < 300) return { outcome: { kind: 'sent' }, service: 'well' }
  if (status === 429 || status === 408 || status === 425 || status >= 500) {
    const afterMs = retryAfterMs(answer.headers['retry-after'], Date.now())
    const service = status === 429 ? 'crowded' : afterMs === null ? 'ill' : 'asks'
    return { outcome: { kind: 'later', words: said, afterMs }, service }
  }
  return { outcome: { kind: 'refused', words: said }, service: 'well' }
}

/** The address takes nothing any more. */
export function gone(answer: Answer, words: string): Verdict {
  return { outcome: { kind: 'gone', words: wordsOf(`${answer.status} ${words}`) }, service: 'well' }
}

/** No answer: refused by the network, cut, or too late. Codes alone: the messages hold addresses. */
export function unanswered(error: unknown): Verdict {
  const { name, code, message } = error as NodeJS.ErrnoException
  const words = name === 'Overdue' || name === 'Untaken' ? message : (code ?? 'the connection was cut')
  return { outcome: { kind: 'later', words: wordsOf(words), afterMs: null }, service: 'ill' }
}

/**
 * Retry-After (RFC 9110 §10.2.3), in seconds or as a date.
 * @returns milliseconds, 0 to a day; null when there is none or it makes no sense
 */
export function retryAfterMs(value: string | string[] | undefined, now: number): number | null {
  const given = Array.isArray(value) ? value[0] : value?.trim()
  if (!given) return null
  const ms = /^\d{1,15}$/.test(given) ? Number(given) * 1000 : dateOf(given) - now
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), DAY_MS)
}

/** HTTP dates begin with a day's name; Date.parse would take nearly anything for a date. */
function dateOf(text: string): number {
  return /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN
}
