import type { NodemailerError } from 'nodemailer'
import type { Outcome } from '../../domain/delivery.ts'
import { wordsOf } from '../words.ts'

/** What a failure says of the way to the server: it answered, the line broke, or there is no way to it at all. */
export type Line = 'answered' | 'cut' | 'unreachable'

export interface Verdict {
  readonly outcome: Outcome
  readonly line: Line
  /** What failed without anybody's words: nodemailer's and the system's codes, the server's, and RFC 3463's. */
  readonly codes: string
}

/**
 * Reads nodemailer's error. Whatever an operator can mend, and whatever is not known, is tried again; an address is given
 * up only for what its server says about the address itself, since nobody tells us when we were wrong about it.
 */
export function verdictOf(error: NodemailerError): Verdict {
  const words = wordsOf(error.response ?? error.message)
  return { outcome: outcomeOf(error, words), line: lineOf(error), codes: codesOf(error) }
}

function codesOf({ code, originalCode, responseCode, response = '' }: NodemailerError): string {
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1]
  const known = [code, originalCode, responseCode, enhanced].filter((one) => one !== undefined)
  return known.length === 0 ? 'no code' : known.join(' ')
}

function outcomeOf(error: NodemailerError, words: string): Outcome {
  const { responseCode = 0, response = '', command } = error
  const later: Outcome = { kind: 'later', words, afterMs: null }
  // RFC 3463's second and third number, for example "1.1" of 5.1.1: no such mailbox.
  const detail = /^5\d\d[ -]5\.(\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? null
  if (responseCode < 500 || responseCode > 599 || detail === '2.2') return later
  if (command === 'RCPT TO') {
    return isAboutAddress(responseCode, detail, response) ? { kind: 'gone', words } : later
  }
  if (command !== 'DATA' || OF_THE_SESSION.has(responseCode)) return later
  return { kind: detail?.startsWith('1.') ? 'gone' : 'refused', words }
}

/** Commands out of place, and a login that is missing: never about a mail. */
const OF_THE_SESSION = new Set([500, 502, 503, 530, 535, 538])

/**
 * Of a 5xx at RCPT TO. Not about the address: the system (5.3), the protocol (5.5) and policy (5.7: relaying denied, a
 * sender or host that is not trusted), of which all recipients would have it; nor a full mailbox (5.2.2, 552).
 */
function isAboutAddress(code: number, detail: string | null, response: string): boolean {
  if (detail !== null) return !/^[357]\./.test(detail) && !OUR_FAULT.test(response)
  return ADDRESS_CODES.has(code) && !OUR_FAULT.test(response)
}

/** 521 and 556 are RFC 7504's: a host, or a domain, that takes no mail. */
const ADDRESS_CODES = new Set([521, 550, 551, 553, 554, 556])
/** Exim and others say so without a code of RFC 3463. Giving up an address for our fault is worse than trying for a day. */
const OUR_FAULT = /\brelay|authenti|black ?list|block ?list|\bspam|\bsender\b|client host/i

function lineOf(error: NodemailerError): Line {
  const { code, originalCode, timeoutType, responseCode = 0, command } = error
  if (responseCode === 421) return 'cut'
  if (responseCode > 0 && (command === 'MAIL FROM' || command === 'RCPT TO' || command === 'DATA'))
    return 'answered'
  switch (code) {
    // The letter's own fault or deadline, or a pool that is being closed.
    case 'EENVELOPE':
    case 'EMESSAGE':
    case 'ESTREAM':
      return 'answered'
    case 'EABORT':
    case 'ECONNECTION':
    case undefined:
      return 'cut'
    case 'ETIMEDOUT':
      return timeoutType === 'SOCKET_TIMEOUT' ? 'cut' : 'unreachable'
    case 'ESOCKET':
      return originalCode === 'ECONNRESET' || originalCode === 'EPIPE' ? 'cut' : 'unreachable'
    default:
      // DNS, TLS, a login that is refused, a greeting that is none.
      return 'unreachable'
  }
}
