import { type Env, text } from './env.ts'
import { ConfigError } from './error.ts'

/** One address of one person or service, as RFC 5322 calls it. */
export interface Mailbox {
  readonly name: string | null
  readonly address: string
}

/** What the environment says of email (CONTRACT §8). */
export interface MailConfig {
  /** null: email is written to files in the data folder. */
  readonly smtpUrl: string | null
  /** null: an address at the host of the public URL. */
  readonly mailFrom: Mailbox | null
  /** Seconds that an email waits for more of its conversation, for users who have chosen nothing themselves. 0 to 86,400. */
  readonly emailDelaySeconds: number
}

const DELAY_SECONDS_MAX = 86_400
/** Counts and milliseconds that SMTP_URL's query may set; nodemailer takes anything, and then hangs or never connects. */
const SMTP_NUMBERS: Readonly<Record<string, number>> = {
  maxConnections: 1_000,
  maxMessages: 1_000_000_000,
  connectionTimeout: 600_000,
  greetingTimeout: 600_000,
  socketTimeout: 600_000,
}

/** @throws {ConfigError} at the first value that cannot be used */
export function readMailConfig(env: Env): MailConfig {
  return Object.freeze({
    smtpUrl: smtpUrlOf(env),
    mailFrom: mailFromOf(env),
    emailDelaySeconds: delayOf(env),
  })
}

function smtpUrlOf(env: Env): string | null {
  const value = text(env, 'SMTP_URL')
  if (value === null) return null
  // It holds a password, so it is never repeated in an error.
  const url = URL.canParse(value) ? new URL(value) : null
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === '') {
    throw new ConfigError('SMTP_URL must be a URL that starts with smtp:// or smtps:// and names a host')
  }
  for (const [name, most] of Object.entries(SMTP_NUMBERS)) {
    const given = url.searchParams.getAll(name)
    const good = (one: string) => /^\d{1,10}$/.test(one) && Number(one) >= 1 && Number(one) <= most
    if (given.length > 1 || !given.every(good)) {
      throw new ConfigError(`SMTP_URL: ${name} must be one whole number from 1 to ${most}`)
    }
  }
  return value
}

// Line ends and characters that turn the direction of writing around would let a name pose as another header or address.
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u
const ADDRESS = '([^\\s@<>,;:"\\\\()[\\]]+@[\\p{L}\\p{N}](?:[\\p{L}\\p{N}.-]*[\\p{L}\\p{N}])?)'
const MAILBOX = new RegExp(`^(?:"((?:[^"\\\\]|\\\\.)*)"|([^"<>@,;:()[\\]\\\\]*?))\\s*<${ADDRESS}>$`, 'u')
const BARE = new RegExp(`^${ADDRESS}$`, 'u')

function mailFromOf(env: Env): Mailbox | null {
  const value = text(env, 'SNUG_MAIL_FROM')
  if (value === null) return null
  const [, quoted, plain = '', address] = MAILBOX.exec(value) ?? [
    undefined,
    undefined,
    '',
    BARE.exec(value)?.[1],
  ]
  if (UNSEEN.test(value) || address === undefined) {
    throw new ConfigError('SNUG_MAIL_FROM must be one address such as "Snug <hello@example.com>"')
  }
  const name = quoted?.replace(/\\(.)/gu, '$1') ?? plain
  return Object.freeze({ name: name.trim() || null, address })
}

function delayOf(env: Env): number {
  const value = text(env, 'SNUG_EMAIL_DELAY') ?? '0'
  if (!/^\d{1,5}$/.test(value) || Number(value) > DELAY_SECONDS_MAX) {
    throw new ConfigError(
      `SNUG_EMAIL_DELAY must be whole seconds from 0 to ${DELAY_SECONDS_MAX}, not "${value}"`,
    )
  }
  return Number(value)
}
