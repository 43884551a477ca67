import { isIPv4 } from 'node:net'
import { resolve } from 'node:path'
import { type Env, text } from './config/env.ts'
import { ConfigError } from './config/error.ts'
import { type Fanout, readFanout } from './config/fanout.ts'
import { type MailConfig, readMailConfig } from './config/mail.ts'
import { type PushConfig, readPushConfig } from './config/push.ts'
import { readWebConfig, type WebConfig } from './config/web.ts'

export { ConfigError }

/** Everything that the environment can set, checked and frozen. Nothing else in Snug reads `process.env`. */
export interface Config {
  readonly host: string
  readonly port: number
  /** null: Snug starts the embedded PostgreSQL under `dataDir`. */
  readonly databaseUrl: string | null
  /** Absolute path. */
  readonly dataDir: string
  /** Without a trailing slash. */
  readonly publicUrl: string
  /** Empty: made once and kept in the data folder. The first is the current one. */
  readonly serviceKeys: readonly string[]
  /** null: made once and kept in the data folder. */
  readonly jwtSecret: string | null
  readonly jwksUrl: string | null
  readonly jwtIssuer: string | null
  readonly jwtAudience: string | null
  readonly mail: MailConfig
  readonly push: PushConfig
  readonly web: WebConfig
  readonly corsOrigins: readonly string[]
  readonly logLevel: LogLevel
  /** What this process does: everything, requests alone, or the jobs alone. */
  readonly role: Role
  readonly fanout: Fanout
  /** How much of conversation lists is kept in memory. 0: nothing. */
  readonly listCacheBytes: number
  /** The trial: nothing of the operator's own is set, so demo data is made. CONTRACT §8. */
  readonly trial: boolean
  /**
   * Whether the emails in the data folder are shown to whoever asks, at `GET /mail`. Every embedded start without SNUG_SERVICE_KEY is called
   * the trial, and so is a small real deployment that goes by the kept key: there the emails are private messages of real people. So
   * only where nobody but this machine gets to it, neither directly nor, as SNUG_PUBLIC_URL tells, by a proxy.
   */
  readonly showsMail: boolean
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
const ROLES = ['all', 'serve', 'work'] as const
export type Role = (typeof ROLES)[number]

/**
 * Reads the configuration of CONTRACT §8. An empty value counts as unset, since compose files write those.
 * @throws {ConfigError} at the first value that cannot be used.
 */
export function readConfig(env: Env, cwd: string = process.cwd()): Config {
  const host = text(env, 'HOST') ?? '127.0.0.1'
  const port = portOf(text(env, 'PORT') ?? '8080')
  const databaseUrl = urlOf(env, 'DATABASE_URL', ['postgres:', 'postgresql:'])
  const serviceKeys = serviceKeysOf(env)
  const publicUrl = (urlOf(env, 'SNUG_PUBLIC_URL', ['http:', 'https:']) ?? defaultUrl(host, port)).replace(
    /\/+$/,
    '',
  )
  const mail = readMailConfig(env)
  const trial = databaseUrl === null && serviceKeys.length === 0
  const config: Config = {
    host,
    port,
    databaseUrl,
    dataDir: resolve(cwd, text(env, 'SNUG_DATA_DIR') ?? 'data'),
    publicUrl,
    serviceKeys,
    jwtSecret: secretOf(env),
    jwksUrl: urlOf(env, 'SNUG_JWKS_URL', ['http:', 'https:']),
    jwtIssuer: text(env, 'SNUG_JWT_ISSUER'),
    jwtAudience: text(env, 'SNUG_JWT_AUDIENCE'),
    mail,
    push: readPushConfig(env, cwd),
    web: readWebConfig(env),
    corsOrigins: originsOf(env),
    logLevel: logLevelOf(text(env, 'SNUG_LOG_LEVEL') ?? 'warn'),
    role: roleOf(text(env, 'SNUG_ROLE') ?? 'all'),
    fanout: readFanout(env),
    listCacheBytes: megabytesOf(env, 'SNUG_LIST_CACHE_MB', 32),
    trial,
    showsMail: trial && mail.smtpUrl === null && isLoopback(host) && isLoopback(new URL(publicUrl).hostname),
  }
  return Object.freeze(config)
}

function portOf(value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (!(port >= 0 && port <= 65_535))
    throw new ConfigError(`PORT must be a number from 0 to 65535, not "${value}"`)
  return port
}

function megabytesOf(env: Env, name: string, unset: number): number {
  const value = text(env, name)
  if (value !== null && !/^\d{1,5}$/.test(value)) {
    throw new ConfigError(`${name} must be a whole number of megabytes, not "${value}"`)
  }
  return Number(value ?? unset) * 2 ** 20
}

function defaultUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Written so that nobody can be in doubt; a name that only leads there is none. IPv6 with or without a URL's brackets. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || /^\[?::1\]?$/.test(host) || (isIPv4(host) && host.startsWith('127.'))
}

/** URLs can hold passwords, so a bad one is never repeated in the error. */
function urlOf(env: Env, name: string, protocols: readonly string[]): string | null {
  const value = text(env, name)
  if (value === null) return null
  const kinds = protocols.map((protocol) => `${protocol}//`).join(' or ')
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
    throw new ConfigError(`${name} must be a URL that starts with ${kinds}`)
  }
  return value
}

function serviceKeysOf(env: Env): readonly string[] {
  const keys = (text(env, 'SNUG_SERVICE_KEY') ?? '').split(',').map((key) => key.trim())
  const set = keys.filter((key) => key !== '')
  if (set.some((key) => !/^[\x21-\x7e]{1,255}$/.test(key))) {
    throw new ConfigError(
      'SNUG_SERVICE_KEY must be 1 to 255 visible ASCII characters a key; make one with: openssl rand -hex 32',
    )
  }
  return Object.freeze(set)
}

function secretOf(env: Env): string | null {
  const value = text(env, 'SNUG_JWT_SECRET')
  if (value !== null && Buffer.byteLength(value) < 32) {
    throw new ConfigError('SNUG_JWT_SECRET must be 32 bytes or more; make one with: openssl rand -hex 32')
  }
  return value
}

function originsOf(env: Env): readonly string[] {
  const origins = (text(env, 'SNUG_CORS_ORIGINS') ?? '').split(',').map((origin) => origin.trim())
  const set = origins.filter((origin) => origin !== '')
  for (const origin of set) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new ConfigError(
        `SNUG_CORS_ORIGINS must list origins such as https://example.com, not "${origin}"`,
      )
    }
  }
  return Object.freeze(set)
}

function logLevelOf(value: string): LogLevel {
  const level = LOG_LEVELS.find((one) => one === value)
  if (!level) throw new ConfigError(`SNUG_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${value}"`)
  return level
}

function roleOf(value: string): Role {
  const role = ROLES.find((one) => one === value)
  if (!role) throw new ConfigError(`SNUG_ROLE must be one of ${ROLES.join(', ')}, not "${value}"`)
  return role
}
