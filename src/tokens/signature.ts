import { createVerifier } from 'fast-jwt'

/** The algorithms of keys from a JWKS. HS256 is not among them: it is for our own secret alone. */
export const KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number]

/** The claims of a token whose signature holds; throws, with words that must not be passed on, when it does not. */
export type SignatureCheck = (token: string) => Record<string, unknown>

/**
 * One key with one algorithm: a key that could check two would let the token choose (alg confusion). Times are
 * left out here, since only claims.ts knows the clock and the order in which faults may be told.
 * @param key the secret's text for HS256, else a public key as PEM.
 */
export function createSignatureCheck(algorithm: 'HS256' | KeyAlgorithm, key: string): SignatureCheck {
  return createVerifier({ key, algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true })
}
