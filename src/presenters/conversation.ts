import type { User } from '../../contract/common.ts'
import type { Conversation } from '../../contract/messages.ts'
import { cannotSendReason, type PersonFacts } from '../domain/standing.ts'
import { wireTime } from './times.ts'

/** One of the two people of a conversation: as others see them, and as the rules do. */
export interface Participant {
  readonly user: User
  readonly facts: PersonFacts
}

/** A conversation as one of its two people has it in the list. */
export interface ListedConversation {
  readonly id: string
  readonly unread: number
  readonly latest: {
    readonly id: string
    readonly content: string
    /** PostgreSQL's time. */
    readonly createdAt: string
    readonly sentByCaller: boolean
  }
  readonly caller: Participant
  readonly other: Participant
}

/** The conversation of CONTRACT §3's list, and of the events. */
export function presentConversation({ id, unread, latest, caller, other }: ListedConversation): Conversation {
  const reason = cannotSendReason(caller.facts, other.facts)
  const created_at = wireTime(latest.createdAt)
  const sender = latest.sentByCaller ? caller.user : other.user
  return {
    id,
    updated_at: created_at,
    user: other.user,
    latest_message: { id: latest.id, content: latest.content, created_at, sender },
    unread_count: unread,
    can_send: reason === null,
    cannot_send_reason: reason,
  }
}
