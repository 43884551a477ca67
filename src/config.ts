import { resolve } from 'node:path'

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
  readonly smtpUrl: string | null
  readonly mailFrom: string | null
  readonly corsOrigins: readonly string[]
  readonly logLevel: LogLevel
  /** How much of conversation lists is kept in memory. 0: nothing. */
  readonly listCacheBytes: number
  /** The trial: nothing of the operator's own is set, so demo data is made. CONTRACT §8. */
  readonly trial: boolean
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A value of the environment that cannot be used; `message` names the variable and says what to do. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * Reads the configuration of CONTRACT §8. An empty value counts as unset, since compose files write those.
 * @throws {ConfigError} at the first value that cannot be used.
 */
export function readConfig(env: Env, cwd: string = process.cwd()): Config {
  const host = text(env, 'HOST') ?? '127.0.0.1'
  const port = portOf(text(env, 'PORT') ?? '8080')
  const databaseUrl = urlOf(env, 'DATABASE_URL', ['postgres:', 'postgresql:'])
  const serviceKeys = serviceKeysOf(env)
  const config: Config = {
    host,
    port,
    databaseUrl,
    dataDir: resolve(cwd, text(env, 'SNUG_DATA_DIR') ?? 'data'),
    publicUrl: (urlOf(env, 'SNUG_PUBLIC_URL', ['http:', 'https:']) ?? defaultUrl(host, port)).replace(
      /\/+$/,
      '',
    ),
    serviceKeys,
    jwtSecret: secretOf(env),
    jwksUrl: urlOf(env, 'SNUG_JWKS_URL', ['http:', 'https:']),
    jwtIssuer: text(env, 'SNUG_JWT_ISSUER'),
    jwtAudience: text(env, 'SNUG_JWT_AUDIENCE'),
    smtpUrl: urlOf(env, 'SMTP_URL', ['smtp:', 'smtps:']),
    mailFrom: mailFromOf(env),
    corsOrigins: originsOf(env),
    logLevel: logLevelOf(text(env, 'SNUG_LOG_LEVEL') ?? 'warn'),
    listCacheBytes: megabytesOf(env, 'SNUG_LIST_CACHE_MB', 32),
    trial: databaseUrl === null && serviceKeys.length === 0,
  }
  return Object.freeze(config)
}

function text(env: Env, name: string): string | null {
  const value = env[name]?.trim()
  return value ? value : null
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

function mailFromOf(env: Env): string | null {
  const value = text(env, 'SNUG_MAIL_FROM')
  if (value !== null && !/^[^\r\n]*[^\s<>@]+@[^\s<>@]+>?$/.test(value)) {
    throw new ConfigError('SNUG_MAIL_FROM must be an address such as "Snug <hello@example.com>"')
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
