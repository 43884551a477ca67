import type { NoteSent, Notice, NotifiedMessage } from '../domain/delivery.ts'
import type { MessageFacts } from '../store/notification-facts.ts'
import type { LeasedNotification, Settlement } from '../store/notifications.ts'
import type { Slots } from './slots.ts'

/**
 * Sends what goes out together, if the rules still say so, and tells what came of each.
 * @param mayBegin asked just before the service is: false when the lease has run out meanwhile, and nothing may be sent
 */
export type Deliver = (
  job: readonly LeasedNotification[],
  mayBegin: () => boolean,
) => Promise<readonly Settlement[]>

/** What sending by one channel needs. */
export interface DeliveryDeps<Send> {
  readonly send: Send
  readonly noteSent: NoteSent
  readonly emailDelaySeconds: number
  /** How many are under way at once. */
  readonly slots: Slots
}

/** Who tells whom, where. */
export function noticeOf(facts: MessageFacts): Omit<Notice, 'messages'> {
  const { communityId, communityName, conversationId, sender, recipient } = facts
  return {
    community: { id: communityId, name: communityName },
    conversationId,
    sender: { id: sender.id, username: sender.username, avatarUrl: sender.avatarUrl },
    recipient: { key: recipient.key, id: recipient.id, username: recipient.username },
  }
}

/** The message itself. */
export function messageOf({ messageId, content, createdAt, now }: MessageFacts): NotifiedMessage {
  return { id: messageId, content: content ?? '', createdAt: createdAt ?? now }
}
