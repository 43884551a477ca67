import type { Timing } from './timing.ts'

/** The caller's token, asked for when it is needed. */
export interface Tokens {
  /** The one that is held, or a fresh one. Whoever asks meanwhile shares the asking. */
  get(): Promise<string>
  /**
   * Tells of a token that was refused: if it is still the one that is held, the next `get` asks for another.
   * @returns whether another can be had at all
   */
  refuse(token: string): boolean
  /** The user's id; '' where the token does not tell. */
  subject(): Promise<string>
}

// Asked for this long before it expires, or at nine tenths of what it had left if that is later.
const EARLY_MS = 30_000

/** @param ask the application's own function, whose rejections are passed on */
export function createTokens(ask: () => string | Promise<string>, { clock }: Timing): Tokens {
  let held: string | null = null
  let until = 0
  let asking: Promise<string> | null = null
  const fetchToken = async () => {
    try {
      const token = await ask()
      const left = (claimsOf(token).exp ?? 0) * 1000 - clock()
      held = token
      // One that looks expired on arrival tells that this device's clock is wrong: then the server's 401 decides.
      until = left > 0 ? clock() + left - Math.min(EARLY_MS, left / 10) : Infinity
      return token
    } finally {
      asking = null
    }
  }
  const get = async () => {
    if (held !== null && clock() < until) return held
    asking ??= fetchToken()
    return asking
  }
  return {
    get,
    refuse(token) {
      if (token === held) held = null
      return true
    },
    subject: async () => claimsOf(await get()).sub ?? '',
  }
}

/** What the token says of itself, without believing it; nothing where it cannot be read. */
function claimsOf(token: string): { exp?: number; sub?: string } {
  try {
    const payload = token.split('.')[1] as string
    return JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')))
  } catch {
    return {}
  }
}
