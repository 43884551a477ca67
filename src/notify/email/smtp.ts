import { createTransport, type NodemailerError } from 'nodemailer'
import type { Outcome } from '../../domain/delivery.ts'
import { type Compose, isAddress } from './compose.ts'
import type { Email } from './index.ts'
import { verdictOf } from './outcome.ts'
import { createPause, type PauseOptions } from './pause.ts'

const CONNECTIONS = 5
/** From being handed over to the server's last word. Socket time-outs do not end an answer that trickles. */
const LETTER_MS = 120_000
/** How long `close` waits for letters on their way before it breaks their lines. */
const CLOSE_MS = 10_000

/** Milliseconds; tests make them short. */
export interface Waits extends Pick<PauseOptions, 'firstMs' | 'longestMs'> {
  readonly letterMs?: number
}

export interface SmtpOptions {
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

  async function deliver(letter: Parameters<Email['send']>[0]): Promise<Outcome> {
    const pass = pause.enter()
    if (typeof pass === 'number') return { kind: 'paused', afterMs: pass }
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), waits.letterMs ?? LETTER_MS)
    try {
      const info = await transport.sendMail({ ...compose(letter), signal: deadline.signal })
      pass.done('answered')
      // LMTP (a choice of the URL's query) answers for each recipient after the message.
      const refusal = info.accepted.length === 0 ? info.rejectedErrors?.[0] : undefined
      return refusal === undefined ? { kind: 'sent' } : verdictOf(refusal).outcome
    } catch (error) {
      const { outcome, line } = verdictOf(error as NodemailerError)
      if (line !== 'answered' && 'words' in outcome) last = outcome.words
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
