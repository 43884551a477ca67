import type { StreamEvent } from './types.ts'

const REPEATS_MAX = 500

/**
 * Knows a `message.created` that was told already: one may come twice. Safe as long as nothing was taken back in between: after
 * that, it may be news again.
 */
export function createRepeats() {
  const seen = new Set<string>()
  return {
    clear: () => seen.clear(),
    has({ event, data }: StreamEvent): boolean {
      if (/deleted|hidden|resync/.test(event)) seen.clear()
      if (event !== 'message.created') return false
      const { id } = data.message
      if (seen.has(id)) return true
      if (seen.add(id).size > REPEATS_MAX) seen.delete(seen.values().next().value as string)
      return false
    },
  }
}
