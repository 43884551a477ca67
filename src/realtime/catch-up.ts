import { PAIRS_MOST, type StreamFacts, type StreamMessage } from '../store/streams.ts'
import { changedFor, createdFor, type EventFor } from './events.ts'
import type { StreamReads } from './gather-reads.ts'

/** What a stream is told when it comes back: the events in their order, and as of which change of each conversation. */
export interface Missed {
  readonly events: readonly EventFor[]
  readonly told: ReadonlyMap<string, number>
}

// More than this is not told one by one: the lists are fetched again, which costs less on both sides.
const MESSAGES_MOST = 1_000
const ONE_MESSAGES_MOST = 200
// A time that is compared with the database's clock, of which nobody knows that it was never set back a little.
const MARGIN_US = 2_000_000
// Whoever has missed much holds much in memory while it is gathered: only a few of them at once.
const MUCH = 20
const MUCH_AT_ONCE = 4

/** @returns what the user has missed since the cursor; `resync` when it is too much or cannot be told; `erased` */
export type CatchUp = (userKey: number, until: number) => Promise<Missed | 'resync' | 'erased'>

/**
 * Resume needs no log of events: a conversation knows when it changed last, so what changed since is found in the tables. The stream is
 * a hint, the tables are the truth.
 */
export function createCatchUp(reads: StreamReads): CatchUp {
  const permits = createPermits(MUCH_AT_ONCE)
  return async (userKey, until) => {
    const since = Math.max(0, until - MARGIN_US)
    const { erased, reset, pairs } = await reads.resume({ userKey, since })
    if (erased) return 'erased'
    if (reset || (pairs ?? []).length > PAIRS_MOST) return 'resync'
    const changed = pairs ?? []
    if (changed.length <= MUCH) return gatherMissed(reads, userKey, changed, since)
    return permits(() => gatherMissed(reads, userKey, changed, since))
  }
}

type Pair = readonly [communityKey: number, lowKey: number, highKey: number]

/**
 * The conversations first and their messages afterwards: what comes between the two is told as a message now, and comes again live,
 * since `told` does not know it.
 */
async function gatherMissed(
  reads: StreamReads,
  userKey: number,
  pairs: readonly Pair[],
  since: number,
): Promise<Missed | 'resync'> {
  const refs = pairs.map(([communityKey, lowKey, highKey]) => ({ communityKey, lowKey, highKey }))
  const facts = await Promise.all(refs.map((ref) => reads.conversation({ ...ref, messageId: null })))
  const messages = await Promise.all(refs.map((ref) => reads.missed({ ...ref, since })))
  if (messages.some((of) => of.length > ONE_MESSAGES_MOST)) return 'resync'
  if (messages.reduce((sum, of) => sum + of.length, 0) > MESSAGES_MOST) return 'resync'
  const found = refs
    .flatMap((ref, i) => {
      const known = facts[i]
      const key = `${ref.communityKey} ${ref.lowKey} ${ref.highKey}`
      // A block makes empty rows for people who never had a word with each other: neither is told of the other.
      if (!known || (known.conversation.total === 0 && changesOf(known) === 0)) return []
      return [{ key, facts: known, messages: messages[i] as StreamMessage[] }]
    })
    // The list's order from its end, so that whoever puts each on top has them right.
    .sort((a, b) => a.facts.conversation.activeAt - b.facts.conversation.activeAt)
  const events: (EventFor | null)[] = [
    ...found.flatMap((one) => one.messages.map((message) => createdFor(one.facts, userKey, message))),
    ...found.map((one) => changedFor(one.facts, userKey, 'conversation.changed')),
  ]
  return {
    events: events.filter((event) => event !== null),
    told: new Map(found.map((one) => [one.key, changesOf(one.facts)])),
  }
}

const changesOf = (facts: StreamFacts) => facts.conversation.changes

/** Runs so many at once; the others wait for their turn. */
function createPermits(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = most
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
