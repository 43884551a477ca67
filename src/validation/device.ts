import { ECDH } from 'node:crypto'
import { ENDPOINT_MAX, PLATFORMS, TOKEN_MAX } from '../../contract/notifications.ts'
import type { DeviceAddress } from '../domain/push.ts'
import { mayBePublic } from './public-address.ts'

/** Takes the words of a field's fault. */
type Tell = (fault: string) => void

const BLANK = "can't be blank"
const INVALID = 'is invalid'

/**
 * Judges the body of a registration: CONTRACT §5. Not by the schema, since which fields are asked for depends on the platform.
 * @param allow ranges that an endpoint's address may lie in although it is not public
 * @returns the device, or every fault in the order of the fields
 */
export function readDevice(
  body: Readonly<Record<string, unknown>>,
  allow: readonly string[],
): { readonly device: DeviceAddress; readonly faults: readonly [] } | { readonly faults: readonly string[] } {
  const faults: string[] = []
  const tell: Tell = (fault) => faults.push(fault)
  const platform = PLATFORMS.find((one) => one === body.platform)
  if (isMissing(body.platform)) tell(`Platform ${BLANK}`)
  else if (!platform) tell(`Platform must be one of ${PLATFORMS.join(', ')}`)
  if (!platform) return { faults }
  const given = platform === 'web' ? readSubscription(body.subscription, allow, tell) : readToken(body, tell)
  return faults.length === 0 ? { device: { platform, ...given }, faults: [] } : { faults }
}

function readToken(body: Readonly<Record<string, unknown>>, tell: Tell): Omit<DeviceAddress, 'platform'> {
  const { token } = body
  const of = body.platform === 'apns' ? /^[0-9a-f]+$/i : /^[\x21-\x7e]+$/
  if (isMissing(token) || token === '') tell(`Token ${BLANK}`)
  else if (typeof token !== 'string' || !of.test(token)) tell(`Token ${INVALID}`)
  else if (token.length > TOKEN_MAX) tell(`Token is too long (maximum is ${TOKEN_MAX} characters)`)
  const address = body.platform === 'apns' ? String(token).toLowerCase() : String(token)
  return { address, p256dh: null, auth: null }
}

function readSubscription(
  subscription: unknown,
  allow: readonly string[],
  tell: Tell,
): Omit<DeviceAddress, 'platform'> {
  if (isMissing(subscription)) tell(`Subscription ${BLANK}`)
  else if (!isObject(subscription)) tell(`Subscription ${INVALID}`)
  if (!isObject(subscription)) return { address: '', p256dh: null, auth: null }
  const address = readEndpoint(subscription.endpoint, allow, tell)
  const keys = isObject(subscription.keys) ? subscription.keys : {}
  const p256dh = readKey('P256dh', keys.p256dh, isPoint, tell)
  const auth = readKey('Auth', keys.auth, (bytes) => bytes.length === 16, tell)
  return { address, p256dh, auth }
}

function readEndpoint(endpoint: unknown, allow: readonly string[], tell: Tell): string {
  const refuse = (words: string) => {
    tell(`Endpoint ${words}`)
    return ''
  }
  if (isMissing(endpoint) || endpoint === '') return refuse(BLANK)
  // Visible ASCII alone: the URL's parser would leave out line ends and tabs, and what it takes in is not what would be stored.
  if (typeof endpoint !== 'string' || !/^https:\/\/[\x21-\x7e]+$/i.test(endpoint) || !URL.canParse(endpoint))
    return refuse('must be an https URL')
  if (endpoint.length > ENDPOINT_MAX) return refuse(`is too long (maximum is ${ENDPOINT_MAX} characters)`)
  const url = new URL(endpoint)
  if (url.username !== '' || url.password !== '') return refuse('must not hold credentials')
  if (!mayBePublic(url.hostname, allow)) return refuse('must be at a public address')
  return url.href
}

function readKey(
  label: string,
  value: unknown,
  isKey: (bytes: Buffer) => boolean,
  tell: Tell,
): string | null {
  if (isMissing(value) || value === '') tell(`${label} ${BLANK}`)
  else {
    // Node decodes whatever it is given, passing over what does not belong.
    const bytes =
      typeof value === 'string' && /^[\w-]+={0,2}$/.test(value) ? Buffer.from(value, 'base64url') : null
    if (bytes && isKey(bytes)) return bytes.toString('base64url')
    tell(`${label} ${INVALID}`)
  }
  return null
}

/** 65 bytes, uncompressed, on the curve: a point off it can give away the key that is used with it, or fails at every push. */
function isPoint(bytes: Buffer): boolean {
  if (bytes.length !== 65 || bytes[0] !== 4) return false
  try {
    ECDH.convertKey(bytes, 'prime256v1')
    return true
  } catch {
    return false
  }
}

const isMissing = (value: unknown) => value === undefined || value === null

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
