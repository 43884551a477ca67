import { type PairFacts, pairOf } from './pair.ts'
import { Refused } from './refusal.ts'
import { maySend } from './standing.ts'

/** The facts of one send, as one row of SQL gives them. */
export interface SendFacts extends PairFacts {
  /** The conversation's last message, if there is one: the next id has to be greater. */
  readonly lastMessageId: string | null
  /** How often the conversation had changed when the facts were read. */
  readonly changes: number
  /** The message that was sent with the same idempotency key before. */
  readonly knownMessageId: string | null
}

export type SendVerdict =
  | { readonly kind: 'refused'; readonly refusal: Refused }
  | { readonly kind: 'known'; readonly messageId: string; readonly communityKey: number }
  | {
      readonly kind: 'admitted'
      readonly communityKey: number
      readonly senderKey: number
      readonly recipientKey: number
    }

/**
 * Judges a send, in the order of CONTRACT §3: the caller, the community, the body, a retry, the permission. A retry comes
 * before the permission: what was answered 201 once is answered so again, also after the membership has ended.
 */
export function judgeSend(facts: SendFacts, faults: readonly string[]): SendVerdict {
  try {
    const { communityKey, caller, other } = pairOf(facts)
    if (faults.length > 0) throw new Refused('invalid', faults)
    if (facts.knownMessageId !== null) return { kind: 'known', messageId: facts.knownMessageId, communityKey }
    if (!other || !maySend(caller, other)) throw new Refused('cannot_send')
    return { kind: 'admitted', communityKey, senderKey: caller.key, recipientKey: other.key }
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', refusal: error }
    throw error
  }
}
