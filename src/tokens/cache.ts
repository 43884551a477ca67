import type { Caller } from './claims.ts'

/** Callers of tokens that were checked whole, so that the next request of the same token costs a look-up. */
export interface TokenCache {
  get(token: string): Caller | undefined
  set(token: string, caller: Caller): void
  clear(): void
  /** Tokens held, never more than the capacity. */
  readonly size: number
}

/**
 * Two generations in place of a linked list: what is used moves into the young one, and when that is full the
 * old one is dropped whole. A hit is one Map look-up and there is nothing to reorder.
 * @param capacity most tokens held.
 * @param characters most characters of tokens held, since 10,000 tokens of the longest kind would be 80 MB.
 */
export function createTokenCache(capacity = 10_000, characters = 8_388_608): TokenCache {
  const generation = { tokens: Math.floor(capacity / 2), characters: Math.floor(characters / 2) }
  let young = new Map<string, Caller>()
  let old = new Map<string, Caller>()
  let youngCharacters = 0

  function set(token: string, caller: Caller): void {
    if (young.size >= generation.tokens || youngCharacters + token.length > generation.characters) {
      old = young
      young = new Map()
      youngCharacters = 0
    }
    young.set(token, caller)
    youngCharacters += token.length
  }

  return {
    get(token) {
      const caller = young.get(token)
      if (caller) return caller
      const aged = old.get(token)
      if (aged) set(token, aged)
      return aged
    },
    set,
    clear() {
      young = new Map()
      old = new Map()
      youngCharacters = 0
    },
    get size() {
      return young.size + old.size
    },
  }
}
