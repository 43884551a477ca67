/** The words of a 401 that come from the token itself. CONTRACT §1. */
export type TokenFault = 'Missing Token' | 'Invalid Token' | 'Token has expired'

/**
 * A token that is not accepted. The message is the fault and there is no `cause`: an underlying error could
 * quote the token, and these reach answers and logs.
 */
export class TokenError extends Error {
  override name = 'TokenError'
  readonly fault: TokenFault

  constructor(fault: TokenFault) {
    super(fault)
    this.fault = fault
  }
}
