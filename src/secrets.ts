import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { type Config, ConfigError } from './config.ts'
import { ensureFolder } from './folders.ts'

export interface Secrets {
  /** The first is the current one. */
  readonly serviceKeys: readonly string[]
  readonly jwtSecret: string
  /** Where the service key is kept; null when the environment sets it. */
  readonly serviceKeyPath: string | null
  readonly jwtSecretPath: string | null
}

/** What fits in a header and in an HS256 key; what we make ourselves has 43 characters of base64url. */
const SECRET = /^[\x21-\x7e]{32,255}$/

/**
 * Service key and JWT secret: from the configuration, or made once and kept in the data folder, as
 * `service-key` and `jwt-secret`, readable by us alone. CONTRACT §8.
 * @throws {ConfigError} when a file cannot be made or read, is open to other users, or holds no such secret.
 */
export function loadSecrets(config: Pick<Config, 'dataDir' | 'serviceKeys' | 'jwtSecret'>): Secrets {
  const serviceKeyPath = config.serviceKeys.length > 0 ? null : join(config.dataDir, 'service-key')
  const jwtSecretPath = config.jwtSecret !== null ? null : join(config.dataDir, 'jwt-secret')
  if (serviceKeyPath ?? jwtSecretPath) makeFolder(config.dataDir)
  return Object.freeze({
    serviceKeys: serviceKeyPath ? Object.freeze([keptSecret(serviceKeyPath)]) : config.serviceKeys,
    jwtSecret: jwtSecretPath ? keptSecret(jwtSecretPath) : config.jwtSecret!,
    serviceKeyPath,
    jwtSecretPath,
  })
}

/**
 * Whether the given key is one of the keys, in a time that tells neither how much of it was right (equally long
 * hashes are compared) nor which it was (all of them are).
 */
export function matchesAny(given: string, keys: readonly string[]): boolean {
  const hash = hashOf(given)
  let matches = false
  for (const key of keys) matches = timingSafeEqual(hash, hashOf(key)) || matches
  return matches
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function makeFolder(path: string): void {
  try {
    ensureFolder(path)
  } catch (error) {
    throw new ConfigError(`SNUG_DATA_DIR: the folder ${path} cannot be made (${codeOf(error)})`)
  }
}

function keptSecret(path: string): string {
  try {
    if (!fs.existsSync(path)) makeSecret(path)
    return readSecret(path)
  } catch (error) {
    throw error instanceof ConfigError
      ? error
      : new ConfigError(`The secret in ${path} cannot be kept there (${codeOf(error)})`)
  }
}

/**
 * Two servers can start at once on one folder. `link` never replaces: one of them wins, whole, and both read what
 * won. The fsync comes first, so that a crash of the machine leaves no empty secret behind.
 */
function makeSecret(path: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  const file = fs.openSync(temporary, 'wx', 0o600)
  try {
    fs.writeSync(file, `${randomBytes(32).toString('base64url')}\n`)
    fs.fsyncSync(file)
    fs.linkSync(temporary, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    fs.closeSync(file)
    fs.unlinkSync(temporary)
  }
}

function readSecret(path: string): string {
  const file = fs.openSync(path, 'r')
  try {
    if ((fs.fstatSync(file).mode & 0o077) !== 0) {
      throw new ConfigError(`The secret in ${path} is open to other users of this machine: chmod 600 ${path}`)
    }
    const secret = fs.readFileSync(file, 'utf8').trim()
    if (!SECRET.test(secret)) {
      throw new ConfigError(
        `${path} must hold 32 to 255 visible ASCII characters; remove it, and a new secret is made at the next start`,
      )
    }
    return secret
  } finally {
    fs.closeSync(file)
  }
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? 'unknown error')
}
