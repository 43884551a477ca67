import { Refused } from './refusal.ts'
import type { PersonFacts } from './standing.ts'

/** What one row of SQL tells of a caller in a community. Null: the left join found nothing. */
export interface CallerFacts {
  readonly callerKey: number | null
  readonly callerId: string
  readonly callerUsername: string
  readonly callerAvatarUrl: string | null
  readonly callerErasedAt: string | null
  readonly callerStatus: string | null
  readonly callerBlocked: boolean | null
  readonly callerWasCreator: boolean | null
  readonly communityKey: number | null
  readonly creatorKey: number | null
}

/** The same, and another user beside the caller. */
export interface PairFacts extends CallerFacts {
  readonly otherKey: number | null
  readonly otherId: string
  readonly otherUsername: string
  readonly otherAvatarUrl: string | null
  readonly otherErasedAt: string | null
  readonly otherStatus: string | null
  readonly otherBlocked: boolean | null
  readonly otherWasCreator: boolean | null
}

export interface Standpoint {
  readonly communityKey: number
  readonly caller: PersonFacts
}

/**
 * The caller of a request, for the rules.
 * @throws {Refused} `unknown_user` for a caller the host never told of or erased, then `not_found` for the community: both
 * come before everything else (CONTRACT §1 and §3).
 */
export function standpointOf(facts: CallerFacts): Standpoint {
  if (facts.callerKey === null || facts.callerErasedAt !== null) throw new Refused('unknown_user')
  if (facts.communityKey === null) throw new Refused('not_found')
  const caller: PersonFacts = {
    key: facts.callerKey,
    erased: false,
    isCreator: facts.callerKey === facts.creatorKey,
    wasCreator: facts.callerWasCreator === true,
    status: facts.callerStatus,
    blocked: facts.callerBlocked === true,
  }
  return { communityKey: facts.communityKey, caller }
}

export interface Pair extends Standpoint {
  /** Null: the host never told of such a user. */
  readonly other: PersonFacts | null
}

/** The two people of a request, for the rules. @throws {Refused} as `standpointOf` */
export function pairOf(facts: PairFacts): Pair {
  const standpoint = standpointOf(facts)
  if (facts.otherKey === null) return { ...standpoint, other: null }
  const other: PersonFacts = {
    key: facts.otherKey,
    erased: facts.otherErasedAt !== null,
    isCreator: facts.otherKey === facts.creatorKey,
    wasCreator: facts.otherWasCreator === true,
    status: facts.otherStatus,
    blocked: facts.otherBlocked === true,
  }
  return { ...standpoint, other }
}
