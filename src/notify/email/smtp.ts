import { createTransport, type NodemailerError } from 'nodemailer'
import type { Letter, Outcome } from '../../domain/delivery.ts'
import { type Compose, isAddress } from './compose.ts'
import type { Email } from './index.ts'
import { verdictOf } from './outcome.ts'
import { createPause, type PauseOptions } from './pause.ts'

// Each line is a letter that may come twice when the process is killed. Far servers want more: `?maxConnections=` of SMTP_URL.
const CONNECTIONS = 3
/** From being handed over to the server's last word. Socket time-outs do not end an answer that trickles. */
const LETTER_MS = 120_000
/** How long `close` waits for letters on their way before it breaks their lines. The worker has waited for them before. */
const CLOSE_MS = 2_000

/** Milliseconds; tests make them short. */
export interface Waits extends Pick<PauseOptions, 'firstMs' | 'longestMs'> {
  readonly letterMs?: number
}

/** What email by SMTP needs. */
export interface SmtpOptions {
  /** With user and password. */
  readonly url: string
  readonly compose: Compose
  readonly log: (line: string) => void
  readonly waits?: Waits
}

/** Email by SMTP over a pool of connections. The URL's query may set what nodemailer's pool knows. */
export function createSmtp({ url, compose, log, waits = {} }: SmtpOptions): Email {
  const { host, searchParams } = new URL(url)
  const transport = createTransport({
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: Number.POSITIVE_INFINITY,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    // Of letters of which no byte was sent; all others are tried again by the worker, which keeps count.
    maxRequeues: 2,
    disableFileAccess: true,
    disableUrlAccess: true,
    url,
  })
  // Its words reach the letters too; without a listener they would end the process.
  transport.on('error', () => {})
  const pause = createPause({
    ...waits,
    told: (ms) =>
      log(`email: the SMTP server at ${host} ${ms === null ? 'works again' : `cannot be reached (${last})`}`),
  })
  let last = ''
  let closed = false
  const underway = new Set<Promise<unknown>>()

  async function deliver(letter: Letter): Promise<Outcome> {
    const rest = pause.restMs()
    if (rest > 0) return { kind: 'paused', afterMs: rest }
    // Before the pass: a letter that cannot be written says nothing of the server, and three of them must not pause all others.
    const mail = compose(letter)
    const pass = pause.enter()
    if (typeof pass === 'number') return { kind: 'paused', afterMs: pass }
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), waits.letterMs ?? LETTER_MS)
    try {
      const info = await transport.sendMail({ ...mail, signal: deadline.signal })
      pass.done('answered')
      // LMTP (a choice of the URL's query) answers for each recipient after the message.
      const refusal = info.accepted.length === 0 ? info.rejectedErrors?.[0] : undefined
      return refusal === undefined ? { kind: 'sent' } : verdictOf(refusal).outcome
    } catch (error) {
      const { outcome, line, codes } = verdictOf(error as NodemailerError)
      // Codes alone are for the log: servers repeat addresses in their words.
      if (line !== 'answered') last = codes
      pass.done(line)
      return outcome
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    // No more than connections: what waits for one would be sent by facts of before.
    concurrency: Number(searchParams.get('maxConnections') ?? CONNECTIONS),
    pausedMs: pause.restMs,
    async send(letter) {
      if (!isAddress(letter.address)) return { kind: 'gone', words: 'not an address that can be sent to' }
      if (closed) return { kind: 'later', words: 'stopping', afterMs: null }
      const delivery = deliver(letter)
      underway.add(delivery)
      try {
        return await delivery
      } finally {
        underway.delete(delivery)
      }
    },
    async close() {
      closed = true
      const timer = setTimeout(() => transport.close({ force: true }), CLOSE_MS)
      await Promise.allSettled(underway)
      clearTimeout(timer)
      transport.close()
    },
  }
}
