/** When communities were heard to have changed as a whole: what was read before says nothing any more. */
export interface Resets {
  heard(communityKey: number): void
  /** Any of them may have. */
  missed(): void
  /** @param readAt by the clock of `performance.now` */
  since(communityKey: number, readAt: number): boolean
}

// Longer than anything that was read waits to be told.
const KEPT_MS = 60_000

export function createResets(clock: () => number = () => performance.now()): Resets {
  const at = new Map<number, number>()
  let allAt = Number.NEGATIVE_INFINITY
  return {
    heard(communityKey) {
      const now = clock()
      at.delete(communityKey)
      at.set(communityKey, now)
      for (const [oldest, heardAt] of at) {
        if (now - heardAt < KEPT_MS) break
        at.delete(oldest)
      }
    },
    missed() {
      allAt = clock()
    },
    since: (communityKey, readAt) => readAt <= Math.max(allAt, at.get(communityKey) ?? allAt),
  }
}
