import { TYPING_SECONDS } from '../../contract/stream.ts'
import type { Bus } from './bus.ts'
import type { EventFor } from './events.ts'
import type { Hub } from './hub.ts'
import type { TypingNote } from './wire.ts'

// At most one event in so long for each pair (CONTRACT §3: an event holds for 6 s).
const ONCE_IN_MS = 3_000
// Beyond this many at once the oldest are forgotten, whose next event comes early.
const PAIRS_MOST = 50_000

/** Lets one note through in 3 seconds, for each person and community that is written to. */
export function createTypingGate(
  clock: () => number = () => performance.now(),
): (note: TypingNote) => boolean {
  const last = new Map<string, number>()
  return ({ communityId, typerKey, otherKey }) => {
    const key = `${communityId} ${typerKey} ${otherKey}`
    const now = clock()
    const before = last.get(key)
    if (before !== undefined && now - before < ONCE_IN_MS) return false
    last.delete(key)
    last.set(key, now)
    for (const [oldest, at] of last) {
      if (now - at < ONCE_IN_MS && last.size <= PAIRS_MOST) break
      last.delete(oldest)
    }
    return true
  }
}

/** The event for the other's streams. @param now milliseconds since 1970 */
function typingEvent({ communityId, typerId }: TypingNote, now: number): EventFor {
  const expires = new Date(Math.round(now / 1_000 + TYPING_SECONDS) * 1_000).toISOString()
  const data = { community_id: communityId, user_id: typerId, expires_at: `${expires.slice(0, 19)}Z` }
  return { event: 'typing', data }
}

/** Both ends of it: what this server's users do, and what its streams are told. Each lets through what it may by itself. */
export function createTyping(hub: Pick<Hub, 'has' | 'tell'>, now: () => number) {
  const passesOn = createTypingGate()
  const passesOut = createTypingGate()
  return {
    pass(note: TypingNote, bus: Pick<Bus, 'publishTyping'>): void {
      if (passesOn(note)) bus.publishTyping(note)
    },
    hear(note: TypingNote): void {
      if (hub.has(note.otherKey) && passesOut(note)) hub.tell(note.otherKey, typingEvent(note, now()), null)
    },
  }
}
