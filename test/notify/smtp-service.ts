import { readFileSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'

/** What the server does with a mail. */
export type Behaviour =
  | { readonly kind: 'accept'; readonly afterMs?: number }
  | {
      readonly kind: 'refuse'
      readonly at: 'greeting' | 'mail' | 'rcpt' | 'data'
      readonly code: number
      readonly words: string
    }
  /** Says nothing, ever. */
  | { readonly kind: 'hang'; readonly at: 'greeting' | 'rcpt' | 'data' }
  /** Ends the line after the final dot, with the mail kept or not. */
  | { readonly kind: 'cut'; readonly accepted: boolean }

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly messageId: string
  readonly secure: boolean
  readonly user: string | null
  readonly session: string
  /** Empty when `keep` is off. */
  readonly raw: Buffer
}

export interface SmtpService {
  /** `smtp://` or `smtps://`, with the user and password that it takes, and the authority to trust. */
  readonly url: string
  readonly port: number
  readonly received: readonly ReceivedMail[]
  /** Lines that were opened, all in all. */
  readonly lines: () => number
  /** From now on, for every mail, or asked anew at each step of each. */
  behave(how: Behaviour | (() => Behaviour)): void
  parsed(): Promise<ParsedMail[]>
  close(): Promise<void>
}

export interface SmtpServiceOptions {
  readonly port?: number
  /** TLS: from the first byte, by STARTTLS (the default), or none. */
  readonly tls?: 'always' | 'starttls' | 'none'
  readonly auth?: { readonly user: string; readonly pass: string }
  /** Whether mails are kept whole; their Message-IDs always are. */
  readonly keep?: boolean
  readonly hideUtf8?: boolean
  readonly lmtp?: boolean
}

const read = (name: string) => readFileSync(join(import.meta.dirname, 'tls', name), 'utf8')

/** A real SMTP server on 127.0.0.1 that can be told to misbehave. */
export async function startSmtp(options: SmtpServiceOptions = {}): Promise<SmtpService> {
  const { tls = 'starttls', auth, keep = true } = options
  const received: ReceivedMail[] = []
  let behaviour: () => Behaviour = () => ({ kind: 'accept' })
  let lines = 0
  /** Answers a step as told. False: nothing is to be done any more. */
  const answer = (step: 'greeting' | 'mail' | 'rcpt', done: (error?: Error | null) => void): void => {
    const how = behaviour()
    if (how.kind === 'hang' && how.at === step) return
    done(how.kind === 'refuse' && how.at === step ? refusal(how) : null)
  }
  const server = new SMTPServer({
    secure: tls === 'always',
    lmtp: options.lmtp ?? false,
    key: read('loopback.key'),
    cert: read('loopback.pem'),
    authOptional: auth === undefined,
    hideSTARTTLS: tls !== 'starttls',
    hideSMTPUTF8: options.hideUtf8 ?? false,
    allowInsecureAuth: tls === 'none',
    disableReverseLookup: true,
    closeTimeout: 10,
    onAuth: ({ username, password }, _session, done) =>
      auth !== undefined && username === auth.user && password === auth.pass
        ? done(null, { user: username })
        : done(refusal({ code: 535, words: '5.7.8 No such user' })),
    onConnect: (_session, done) => {
      lines++
      answer('greeting', done)
    },
    onMailFrom: (_address, _session, done) => answer('mail', done),
    onRcptTo: (_address, _session, done) => answer('rcpt', done),
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const how = behaviour()
        const finish = () => {
          if (how.kind === 'hang' && how.at === 'data') return
          if (how.kind === 'refuse' && how.at === 'data') return done(refusal(how))
          if (how.kind !== 'cut' || how.accepted) received.push(mailOf(session, Buffer.concat(chunks), keep))
          if (how.kind === 'cut') socketOf(server, session)?.destroy()
          else done()
        }
        const afterMs = how.kind === 'accept' ? (how.afterMs ?? 0) : 0
        if (afterMs > 0) setTimeout(finish, afterMs)
        else finish()
      })
    },
  })
  // Lines that clients break are what these tests are about.
  server.on('error', () => {})
  const port = await listen(server, options.port ?? 0)
  const login = auth ? `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.pass)}@` : ''
  const trust = tls === 'none' ? '' : `?tls.ca=${encodeURIComponent(read('ca.pem'))}`
  return {
    url: `${tls === 'always' ? 'smtps' : 'smtp'}://${login}localhost:${port}/${trust}`,
    port,
    received,
    lines: () => lines,
    behave(how) {
      behaviour = typeof how === 'function' ? how : () => how
    },
    parsed: () => Promise.all(received.map(({ raw }) => simpleParser(raw))),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function listen(server: SMTPServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.server.address() as AddressInfo).port))
  })
}

function refusal({ code, words }: { code: number; words: string }): Error {
  return Object.assign(new Error(words), { responseCode: code })
}

function mailOf(session: SMTPServerSession, raw: Buffer, keep: boolean): ReceivedMail {
  const { mailFrom, rcptTo } = session.envelope
  const header = raw.toString('latin1', 0, 4_096)
  return {
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map(({ address }) => address),
    messageId: /^Message-ID: <([^>]*)>/im.exec(header)?.[1] ?? '',
    secure: session.secure,
    user: session.user ?? null,
    session: session.id,
    raw: keep ? raw : Buffer.alloc(0),
  }
}

function socketOf(server: SMTPServer, session: SMTPServerSession): Socket | undefined {
  const { connections } = server as unknown as {
    connections: Set<{ session: { id: string }; _socket: Socket }>
  }
  return [...connections].find((one) => one.session.id === session.id)?._socket
}
