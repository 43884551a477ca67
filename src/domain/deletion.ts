import { type CallerFacts, standpointOf } from './pair.ts'
import { Refused } from './refusal.ts'

/** The facts of deleting a message. Null from `senderKey` on: there is no such message in the community. */
export interface DeletionFacts extends CallerFacts {
  readonly messageId: string | null
  readonly senderKey: number | null
  readonly recipientKey: number | null
  readonly conversationBlocked: boolean | null
  readonly lastMessageId: string | null
}

/**
 * Judges a deletion, fault by fault in the order of CONTRACT §3.
 * @returns the community's key, when the message may go
 * @throws {Refused}
 */
export function judgeDeletion(facts: DeletionFacts): number {
  const { communityKey, caller } = standpointOf(facts)
  if (facts.messageId === null) throw new Refused('not_found')
  const participant = caller.key === facts.senderKey || caller.key === facts.recipientKey
  if (!participant || facts.conversationBlocked) throw new Refused('no_access_to_message')
  if (caller.key !== facts.senderKey) throw new Refused('not_your_message')
  if (facts.lastMessageId !== facts.messageId) throw new Refused('not_the_last_message')
  return communityKey
}
