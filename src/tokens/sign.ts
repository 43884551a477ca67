import { createSigner as createJwtSigner } from 'fast-jwt'
import { isUserId } from './claims.ts'

export interface SignedToken {
  readonly access_token: string
  /** ISO 8601, whole seconds, UTC: `2024-12-01T10:30:00Z`. CONTRACT §1. */
  readonly expires_at: string
}

/** Ten years. The service API allows a day (CONTRACT §7); the command line's users know what they do. */
const MAX_SECONDS = 315_360_000

/**
 * Signs tokens for hosts that sign none of their own, with our HS256 secret, and with the issuer and audience that
 * our verifier asks for.
 * @returns a function of user id and lifetime in whole seconds (1 to 315,360,000);
 *   it throws RangeError for an id or a lifetime that no token may have.
 */
export function createSigner(options: {
  secret: string
  issuer: string | null
  audience: string | null
}): (userId: string, expiresIn: number) => SignedToken {
  const sign = createJwtSigner({
    algorithm: 'HS256',
    key: options.secret,
    iss: options.issuer ?? undefined,
    aud: options.audience ?? undefined,
  })
  return (userId, expiresIn) => {
    if (!isUserId(userId)) throw new RangeError('A user id is 1 to 64 of A-Z a-z 0-9 . _ ~ -')
    if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > MAX_SECONDS) {
      throw new RangeError(`A token's lifetime is 1 to ${MAX_SECONDS} whole seconds`)
    }
    const iat = Math.floor(Date.now() / 1000)
    const exp = iat + expiresIn
    return {
      access_token: sign({ sub: userId, iat, exp }),
      expires_at: new Date(exp * 1000).toISOString().replace('.000Z', 'Z'),
    }
  }
}
