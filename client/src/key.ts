/** A new idempotency key. */
export function newKey(random: () => number): string {
  // Missing where a page is not served over https, and in React Native.
  const crypto: Partial<Crypto> | undefined = globalThis.crypto
  if (crypto?.randomUUID) return crypto.randomUUID()
  // Keys are the caller's own and of one community: enough that one person's never meet.
  return [1, 2, 3].map(() => random().toString(36).slice(2)).join('')
}
