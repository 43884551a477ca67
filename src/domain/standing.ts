/** What the rules know of one person in one community. Read by SQL, judged here. */
export interface PersonFacts {
  readonly key: number
  readonly erased: boolean
  readonly isCreator: boolean
  /** Was the creator before the community changed hands. */
  readonly wasCreator: boolean
  /** The membership's status as the host gave it; null without a membership. */
  readonly status: string | null
  readonly blocked: boolean
}

export type Standing = 'creator' | 'active' | 'former' | 'blocked' | 'stranger'

const ACTIVE: readonly (string | null)[] = ['active', 'trialing']

/** Who somebody is in a community: the kinds of CONTRACT §2. The creator is one always, whatever membership there is. */
export function standingOf(person: PersonFacts): Standing {
  if (person.isCreator) return person.erased ? 'former' : 'creator'
  if (person.blocked) return 'blocked'
  if (person.status === null && !person.wasCreator) return 'stranger'
  if (person.erased || !ACTIVE.includes(person.status)) return 'former'
  return 'active'
}

/** May send now: the two are the creator and an active member, either way round (CONTRACT §2). */
export function maySend(caller: PersonFacts, other: PersonFacts): boolean {
  if (caller.key === other.key) return false
  const standings = [standingOf(caller), standingOf(other)]
  return standings.includes('creator') && standings.includes('active')
}

/**
 * May read the thread: an ended membership takes away sending, a block takes away seeing (CONTRACT §2). Between two people
 * of whom neither is the creator there is only what was written while one of them was.
 */
export function mayRead(caller: PersonFacts, other: PersonFacts, hasMessages: boolean): boolean {
  if (caller.key === other.key) return false
  const standings = [standingOf(caller), standingOf(other)]
  if (standings.includes('stranger') || standings.includes('blocked')) return false
  return caller.isCreator || other.isCreator || hasMessages
}

export type CannotSendReason = 'membership_ended' | 'creator_changed'

/** Why a listed conversation takes no messages now; null when it does (CONTRACT §3). */
export function cannotSendReason(caller: PersonFacts, other: PersonFacts): CannotSendReason | null {
  if (maySend(caller, other)) return null
  return caller.isCreator || other.isCreator ? 'membership_ended' : 'creator_changed'
}
