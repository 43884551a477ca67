import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import type { VapidKeys } from '../domain/push.ts'
import { type Env, text } from './env.ts'
import { ConfigError } from './error.ts'

export interface FcmConfig {
  readonly projectId: string
  readonly clientEmail: string
  /** PEM. */
  readonly privateKey: string
  readonly tokenUrl: string
  /** Without a trailing slash. */
  readonly url: string
}

export interface ApnsConfig {
  /** PEM. */
  readonly key: string
  readonly keyId: string
  readonly teamId: string
  /** The app's bundle id. */
  readonly topic: string
  /** An origin. */
  readonly url: string
}

export interface PushConfig {
  /** `keys` null: made once and kept in the database. `subject` null: chosen from what else is known of the operator. */
  readonly vapid: { readonly keys: VapidKeys | null; readonly subject: string | null }
  readonly fcm: FcmConfig | null
  readonly apns: ApnsConfig | null
  /** Ranges that web push may go to although they are not public, as CIDR. */
  readonly webPushAllow: readonly string[]
}

/**
 * Reads what push needs (CONTRACT §8); a service whose variables are unset is not used.
 * @param cwd what relative paths of key files start from
 * @throws {ConfigError} at the first value that cannot be used. It never repeats a value: most are secrets, and the
 *   wrong one is easily pasted into a variable.
 */
export function readPushConfig(env: Env, cwd: string = process.cwd()): PushConfig {
  return Object.freeze({
    vapid: Object.freeze({ keys: vapidKeysOf(env), subject: subjectOf(env) }),
    fcm: fcmOf(env, cwd),
    apns: apnsOf(env, cwd),
    webPushAllow: rangesOf(env),
  })
}

function vapidKeysOf(env: Env): VapidKeys | null {
  const publicKey = text(env, 'SNUG_VAPID_PUBLIC_KEY')
  const privateKey = text(env, 'SNUG_VAPID_PRIVATE_KEY')
  if (publicKey === null && privateKey === null) return null
  if (publicKey === null || privateKey === null || !isPair(publicKey, privateKey)) {
    throw new ConfigError(
      'SNUG_VAPID_PUBLIC_KEY and SNUG_VAPID_PRIVATE_KEY must be the two halves of one P-256 key in base64url; make them with: npx web-push generate-vapid-keys',
    )
  }
  return Object.freeze({ publicKey, privateKey })
}

function isPair(publicKey: string, privateKey: string): boolean {
  if (!/^[\w-]{87}$/.test(publicKey) || !/^[\w-]{43}$/.test(privateKey)) return false
  try {
    const curve = createECDH('prime256v1')
    curve.setPrivateKey(privateKey, 'base64url')
    return curve.getPublicKey('base64url') === publicKey
  } catch {
    return false
  }
}

function subjectOf(env: Env): string | null {
  const value = text(env, 'SNUG_VAPID_SUBJECT')
  if (value !== null && !/^mailto:[^\s<>@]+@[^\s<>@]+$/.test(value) && !isHttps(value)) {
    throw new ConfigError(
      'SNUG_VAPID_SUBJECT must say how push services reach you: mailto:you@example.com or an https:// URL',
    )
  }
  return value
}

function fcmOf(env: Env, cwd: string): FcmConfig | null {
  const given = text(env, 'SNUG_FCM_CREDENTIALS')
  const url = urlOf(env, 'SNUG_FCM_URL') ?? 'https://fcm.googleapis.com'
  if (given === null) return null
  const account = accountOf(
    given.startsWith('{') ? given : fileOf('SNUG_FCM_CREDENTIALS', resolve(cwd, given)),
  )
  return Object.freeze({ ...account, url })
}

function accountOf(json: string): Omit<FcmConfig, 'url'> {
  let account: Record<string, unknown> | null
  try {
    account = JSON.parse(json)
  } catch {
    account = null
  }
  const { project_id, client_email, private_key, token_uri } = account ?? {}
  if (
    typeof project_id !== 'string' ||
    typeof client_email !== 'string' ||
    keyOf(private_key)?.asymmetricKeyType !== 'rsa' ||
    !isHttps(token_uri)
  ) {
    throw new ConfigError(
      "SNUG_FCM_CREDENTIALS must be a Google service account's JSON, or the path of one: project_id, client_email, private_key and token_uri (https) are needed",
    )
  }
  return {
    projectId: project_id,
    clientEmail: client_email,
    privateKey: private_key as string,
    tokenUrl: token_uri,
  }
}

function apnsOf(env: Env, cwd: string): ApnsConfig | null {
  const given = text(env, 'SNUG_APNS_KEY')
  const keyId = text(env, 'SNUG_APNS_KEY_ID')
  const teamId = text(env, 'SNUG_APNS_TEAM_ID')
  const topic = text(env, 'SNUG_APNS_TOPIC')
  const url = urlOf(env, 'SNUG_APNS_URL') ?? 'https://api.push.apple.com'
  if (given === null && keyId === null && teamId === null && topic === null) return null
  if (given === null || keyId === null || teamId === null || topic === null) {
    throw new ConfigError(
      'SNUG_APNS_KEY, SNUG_APNS_KEY_ID, SNUG_APNS_TEAM_ID and SNUG_APNS_TOPIC are needed together, or none of them',
    )
  }
  for (const [name, value] of [
    ['SNUG_APNS_KEY_ID', keyId],
    ['SNUG_APNS_TEAM_ID', teamId],
  ] as const) {
    if (!/^[A-Z0-9]{10}$/.test(value))
      throw new ConfigError(`${name} must be the 10 letters and digits that Apple's developer site shows`)
  }
  if (!/^[A-Za-z0-9.-]{1,255}$/.test(topic)) {
    throw new ConfigError("SNUG_APNS_TOPIC must be the app's bundle id, such as com.example.app")
  }
  const { origin } = new URL(url)
  if (origin !== url) throw new ConfigError('SNUG_APNS_URL must be an https:// URL without a path')
  return Object.freeze({ key: p8Of(given, cwd), keyId, teamId, topic, url })
}

function p8Of(given: string, cwd: string): string {
  // Files of environment variables hold line ends as the two characters \n.
  const inPlace = given.startsWith('-----BEGIN')
  const pem = inPlace ? given.replaceAll('\\n', '\n') : fileOf('SNUG_APNS_KEY', resolve(cwd, given))
  if (keyOf(pem)?.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new ConfigError("SNUG_APNS_KEY must be Apple's .p8 key (PEM, P-256), or the path of one")
  }
  return pem
}

function rangesOf(env: Env): readonly string[] {
  const ranges = (text(env, 'SNUG_WEB_PUSH_ALLOW') ?? '').split(',').map((range) => range.trim())
  const set = ranges.filter((range) => range !== '')
  if (!set.every((range) => ipaddr.isValidCIDR(range))) {
    throw new ConfigError(
      'SNUG_WEB_PUSH_ALLOW must list address ranges such as 10.1.2.0/24 or fd00:1::/64, comma-separated',
    )
  }
  return Object.freeze(set)
}

/** https alone: the device's token and ours would otherwise be there for everybody on the way. */
function urlOf(env: Env, name: string): string | null {
  const value = text(env, name)
  if (value === null) return null
  if (!isHttps(value)) throw new ConfigError(`${name} must be a URL that starts with https://`)
  return value.replace(/\/+$/, '')
}

function isHttps(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return protocol === 'https:' && !username && !password && !search && !hash
}

function fileOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    throw new ConfigError(`${name} is the path of a file that cannot be read (${code})`)
  }
}

function keyOf(pem: unknown): KeyObject | null {
  try {
    return typeof pem === 'string' ? createPrivateKey(pem) : null
  } catch {
    return null
  }
}
