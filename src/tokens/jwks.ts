import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto'
import { createSignatureCheck, type KeyAlgorithm, type SignatureCheck } from './signature.ts'

export interface Key {
  readonly alg: KeyAlgorithm
  /** undefined: only found by tokens that name no key either. */
  readonly kid: string | undefined
  readonly pem: string
  readonly check: SignatureCheck
}

/** A host has a handful; each costs an import at every refresh. */
const MAX_KEYS = 64
const MIN_RSA_BITS = 2048

/**
 * The keys of a JWKS (RFC 7517 §5) that may check tokens. Entries that may not, or that make no sense, are passed
 * over one by one, as the RFC asks: a host can publish keys of other kinds next to ours.
 * @throws {TypeError} when the document is not a JWKS at all.
 */
export function readKeys(document: unknown): readonly Key[] {
  const entries = isObject(document) ? document.keys : undefined
  if (!Array.isArray(entries)) throw new TypeError('not a JWKS')
  return entries.slice(0, MAX_KEYS).flatMap((entry) => readKey(entry) ?? [])
}

/**
 * The one key that fits. Without a `kid` in the token, or with one that two keys share, there must be no choice:
 * trying keys until one fits would make each forged token cost a check of every key.
 */
export function findKey(keys: readonly Key[], alg: KeyAlgorithm, kid: string | undefined): Key | undefined {
  const fitting = keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === kid))
  return fitting.length === 1 ? fitting[0] : undefined
}

function readKey(jwk: unknown): Key | undefined {
  if (!isObject(jwk) || !isForSignatures(jwk)) return undefined
  const { kid } = jwk
  const alg = algorithmOf(jwk)
  if (alg === undefined || (jwk.alg !== undefined && jwk.alg !== alg)) return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  // A private key on a public page: whoever read it can sign for anybody.
  if (jwk.d !== undefined) return undefined
  try {
    const { kty, crv, n, e, x, y } = jwk as webcrypto.JsonWebKey
    const key = createPublicKey({ key: { kty, crv, n, e, x, y }, format: 'jwk' })
    if (alg === 'RS256' && bitsOf(key) < MIN_RSA_BITS) return undefined
    const pem = key.export({ type: 'spki', format: 'pem' }).toString()
    return { alg, kid, pem, check: createSignatureCheck(alg, pem) }
  } catch {
    return undefined
  }
}

function isForSignatures(jwk: Record<string, unknown>): boolean {
  const { use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

/** By what the key is, not by what it says: `alg` is optional in a JWK, and a claim. */
function algorithmOf(jwk: Record<string, unknown>): KeyAlgorithm | undefined {
  if (jwk.kty === 'RSA') return 'RS256'
  if (jwk.kty === 'EC' && jwk.crv === 'P-256') return 'ES256'
  if (jwk.kty === 'OKP' && (jwk.crv === 'Ed25519' || jwk.crv === 'Ed448')) return 'EdDSA'
  return undefined
}

function bitsOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
