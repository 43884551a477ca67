import type { ListVersion } from '../store/conversations.ts'

export interface CachedList {
  readonly version: ListVersion
  /** The answer's body as it was sent. */
  readonly body: Buffer
}

/** Answers of conversation lists, kept while they are what a fresh read gives. */
export interface ListCache {
  find(key: string): CachedList | undefined
  keep(key: string, list: CachedList): void
  clear(): void
}

// A rough price for the key and the entry itself.
const OVERHEAD = 512

/**
 * A cache that is never believed by itself. Every request asks the database for the list's two versions, which the transactions
 * that change what it shows move on: the inbox's (its conversations) and the community's (memberships, the creator, people's names).
 * When both stand, the rows need not be read, and the bytes are what a fresh read would give, on whichever server. Who calls,
 * and whether they may, is judged anew each time.
 * @param maxBytes what all entries together may hold; the least recently used go first
 */
export function createListCache(maxBytes: number): ListCache {
  const lists = new Map<string, CachedList>()
  let bytes = 0
  const drop = (key: string) => {
    const list = lists.get(key)
    if (!list) return
    lists.delete(key)
    bytes -= list.body.length + OVERHEAD
  }
  return {
    find(key) {
      const list = lists.get(key)
      if (list) {
        lists.delete(key)
        lists.set(key, list)
      }
      return list
    },
    keep(key, list) {
      drop(key)
      lists.set(key, list)
      bytes += list.body.length + OVERHEAD
      for (const oldest of lists.keys()) {
        if (bytes <= maxBytes) break
        drop(oldest)
      }
    },
    clear() {
      lists.clear()
      bytes = 0
    },
  }
}
