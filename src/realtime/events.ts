import type { User } from '../../contract/common.ts'
import type { Conversation, Message } from '../../contract/messages.ts'
import type { StreamData, StreamEventName } from '../../contract/stream.ts'
import { mayRead } from '../domain/standing.ts'
import { presentConversation } from '../presenters/conversation.ts'
import { presentMessage } from '../presenters/message.ts'
import type { OutboxRow } from '../store/outbox.ts'
import type { StreamFacts, StreamMessage, StreamPerson } from '../store/streams.ts'

/** An event for one of the two people. */
export type EventFor = {
  readonly [Name in StreamEventName]: { readonly event: Name; readonly data: StreamData[Name] }
}[StreamEventName]

/** The conversation as one of its two people sees it now. */
interface View {
  readonly facts: StreamFacts
  readonly viewer: StreamPerson
  readonly other: StreamPerson
  readonly read: number
}

function viewOf(facts: StreamFacts, viewerKey: number): View {
  const low = facts.low.key === viewerKey
  const [viewer, other] = low ? [facts.low, facts.high] : [facts.high, facts.low]
  return { facts, viewer, other, read: low ? facts.conversation.lowRead : facts.conversation.highRead }
}

const userOf = ({ id, username, avatarUrl }: StreamPerson): User => ({ id, username, avatar_url: avatarUrl })

/** Could fetch the thread now, by the rule of GET (CONTRACT §2). @param total how many messages it holds, or held a moment ago */
function mayFetch({ facts, viewer, other }: View, total: number): boolean {
  return !facts.conversation.blocked && !viewer.erased && mayRead(viewer, other, total > 0)
}

/** As the list has it, or would if it were not off the list. Null: there are no messages. */
function conversationOf({ facts, viewer, other, read }: View): Conversation | null {
  const { conversation, latest } = facts
  if (!latest) return null
  return presentConversation({
    id: conversation.id,
    unread: conversation.total - read,
    latest: { ...latest, sentByCaller: latest.senderKey === viewer.key },
    caller: { user: userOf(viewer), facts: viewer },
    other: { user: userOf(other), facts: other },
  })
}

function messageOf({ facts: { low, high } }: View, message: StreamMessage): Message {
  const [sender, recipient] = message.senderKey === low.key ? [low, high] : [high, low]
  return presentMessage({
    id: message.id,
    content: message.content,
    createdAt: message.createdAt,
    senderId: sender.id,
    senderUsername: sender.username,
    senderAvatarUrl: sender.avatarUrl,
    senderErasedAt: sender.erasedAt,
    recipientId: recipient.id,
    recipientUsername: recipient.username,
    recipientAvatarUrl: recipient.avatarUrl,
  })
}

/** `message.created`, live and on resume; null when the viewer could not fetch it. */
export function createdFor(facts: StreamFacts, viewerKey: number, message: StreamMessage): EventFor | null {
  const view = viewOf(facts, viewerKey)
  const conversation = conversationOf(view)
  if (!conversation || !mayFetch(view, facts.conversation.total)) return null
  const data = {
    community_id: facts.communityId,
    conversation,
    message: messageOf(view, message),
    position: message.position,
    order: facts.conversation.activeAt,
  }
  return { event: 'message.created', data }
}

/** What a conversation has come to. On resume one that a block hides is told as not listed: the client may still show it. */
export function changedFor(
  facts: StreamFacts,
  viewerKey: number,
  event: 'conversation.changed' | 'conversation.updated',
): EventFor | null {
  const view = viewOf(facts, viewerKey)
  const { conversation } = facts
  const visible = mayFetch(view, 1)
  if (!visible && event === 'conversation.updated') return null
  const data = {
    community_id: facts.communityId,
    user_id: view.other.id,
    conversation: visible && conversation.listed ? conversationOf(view) : null,
    total: visible ? conversation.total : 0,
    order: conversation.activeAt,
  }
  return { event, data }
}

/** The event of a change for one of the two, by what holds now; null when it tells nothing that they could fetch. */
export function eventFor(row: OutboxRow, facts: StreamFacts, viewerKey: number): EventFor | null {
  const view = viewOf(facts, viewerKey)
  const { viewer, other } = view
  const community_id = facts.communityId
  const conversation_id = row.conversationId ?? facts.conversation.id
  const user_id = other.id
  switch (row.kind) {
    case 'message.created':
      return facts.message && createdFor(facts, viewerKey, facts.message)
    case 'message.deleted': {
      // A block that has come since hides an empty thread without a word, and the list may still show it.
      if (facts.conversation.blocked && !viewer.erased)
        return { event: 'conversation.hidden', data: { community_id, conversation_id, user_id } }
      // Between two of whom neither leads, a thread that has just become empty could be fetched a moment ago.
      if (!mayFetch(view, 1)) return null
      const [message_id, total] = [row.messageId as string, row.position as number]
      return { event: row.kind, data: { community_id, conversation_id, user_id, message_id, total } }
    }
    case 'conversation.read': {
      if (!mayFetch(view, facts.conversation.total)) return null
      const reader = row.userKey === facts.low.key ? facts.low : facts.high
      const unread_count = facts.conversation.total - view.read
      const message_id = row.messageId as string
      const data = { community_id, conversation_id, user_id: reader.id, message_id, unread_count }
      return { event: row.kind, data }
    }
    case 'conversation.hidden':
      return { event: row.kind, data: { community_id, conversation_id, user_id } }
    case 'conversation.shown':
      return mayFetch(view, 1) ? { event: row.kind, data: { community_id, conversation_id, user_id } } : null
    case 'conversation.updated':
      return changedFor(facts, viewerKey, row.kind)
    default:
      return null
  }
}
