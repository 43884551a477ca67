import { TokenError } from './fault.ts'

/** Who calls, and until when the token lets them. */
export interface Caller {
  readonly userId: string
  /** Unix seconds at which the token ends; may hold a fraction, never more than a Date can. */
  readonly expiresAt: number
}

export interface ClaimRules {
  readonly issuer: string | null
  readonly audience: string | null
}

/** CONTRACT §1: the host's own opaque ids. */
const USER_ID = /^[A-Za-z0-9._~-]{1,64}$/

/**
 * `nbf` and `iat` are compared with this much room, since the host's clock and ours differ. `exp` gets none,
 * though a short leeway of up to 60 s would be allowed: streams are ended at `expiresAt`, and a token that
 * opens a new stream after its old one was ended for it would never be over.
 */
const CLOCK_LEEWAY_S = 60

/** The last second of ECMAScript's time: a later `exp` is as good, and `new Date` must not fail on it. */
const LAST_SECOND = 8.64e12

/** Whether the text can be a user's id: 1 to 64 of `A-Z a-z 0-9 . _ ~ -`. CONTRACT §1. */
export function isUserId(text: unknown): text is string {
  return typeof text === 'string' && USER_ID.test(text)
}

/**
 * Reads the caller from claims whose signature was found good.
 * @param now Unix milliseconds.
 * @throws {TokenError} expiry last, so that `Token has expired` is only said of a token that was good once.
 */
export function readClaims(claims: Record<string, unknown>, rules: ClaimRules, now: number): Caller {
  const { sub, exp, iss, aud } = claims
  const valid =
    isUserId(sub) &&
    isTime(exp) &&
    hasBegun(claims.nbf, now) &&
    hasBegun(claims.iat, now) &&
    (rules.issuer === null || iss === rules.issuer) &&
    (rules.audience === null || (Array.isArray(aud) ? aud.includes(rules.audience) : aud === rules.audience))
  if (!valid) throw new TokenError('Invalid Token')
  const caller = { userId: sub, expiresAt: Math.min(exp, LAST_SECOND) }
  checkExpiry(caller, now)
  return caller
}

/**
 * RFC 7519 §4.1.4: not accepted on or after `exp`.
 * @param now Unix milliseconds.
 * @throws {TokenError}
 */
export function checkExpiry(caller: Caller, now: number): void {
  if (now >= caller.expiresAt * 1000) throw new TokenError('Token has expired')
}

/** JSON can write an infinity (1e999), which would be a token for ever. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function hasBegun(value: unknown, now: number): boolean {
  return value === undefined || (isTime(value) && value <= now / 1000 + CLOCK_LEEWAY_S)
}
