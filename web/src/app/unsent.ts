import { forLong } from './kept.ts'

/** A message that nobody has answered for yet. */
export interface Unsent {
  readonly community: string
  readonly user: string
  /** The idempotency key: sent again with it, it is never stored twice. */
  readonly key: string
  readonly content: string
}

/** What was written and is not known to be stored: kept until it is, whatever becomes of the page. By the caller's id. */
export interface UnsentMessages {
  all(): readonly Unsent[]
  add(one: Unsent): void
  remove(key: string): void
}

export function unsentOf(me: string): UnsentMessages {
  const name = `unsent.${me}`
  // Read each time: another tab may have written.
  const all = (): Unsent[] => {
    try {
      return JSON.parse(forLong.get(name) ?? '[]')
    } catch {
      return []
    }
  }
  const keep = (ones: Unsent[]) => forLong.set(name, ones.length === 0 ? null : JSON.stringify(ones))
  return {
    all,
    add: (one) => keep([...all(), one]),
    remove(key) {
      const before = all()
      if (before.some((one) => one.key === key)) keep(before.filter((one) => one.key !== key))
    },
  }
}
