import type { Community, Member } from '../../contract/communities.ts'
import type { Conversation, ConversationList, Message, MessageList } from '../../contract/messages.ts'
import type { ServiceUser } from '../../contract/service.ts'
import type { CallerFacts } from '../domain/pair.ts'
import type { PersonFacts } from '../domain/standing.ts'
import { presentConversation } from '../presenters/conversation.ts'
import { wireTime, wireTimeOrNull } from '../presenters/times.ts'
import type { CommunityRow } from '../store/communities.ts'
import type { ListedRow, ListFacts } from '../store/conversations.ts'
import type { MemberRow } from '../store/members.ts'
import type { ThreadFacts } from '../store/threads.ts'
import type { UserRow } from '../store/users.ts'
import { hasMore, type Paging } from './paging.ts'

// Allow-lists: a row never leaves by accident, field by field it is said what does.

const callerOf = (facts: CallerFacts) => ({
  id: facts.callerId,
  username: facts.callerUsername,
  avatar_url: facts.callerAvatarUrl,
})

export function presentThread(facts: ThreadFacts, more: boolean): MessageList {
  const caller = callerOf(facts)
  const other = { id: facts.otherId, username: facts.otherUsername, avatar_url: facts.otherAvatarUrl }
  const erasedAt = wireTimeOrNull(facts.otherErasedAt)
  const data = (facts.rows ?? []).map(([id, content, createdAt, sentByCaller]): Message => {
    const created_at = wireTime(createdAt)
    // Erasing its sender is the one thing that changes a message.
    const updated_at = sentByCaller || erasedAt === null ? created_at : erasedAt
    const [sender, recipient] = sentByCaller ? [caller, other] : [other, caller]
    return { id, content, created_at, updated_at, sender, recipient }
  })
  return { total: facts.total, has_more: more, data }
}

export function presentConversations(
  facts: ListFacts,
  caller: PersonFacts,
  paging: Paging,
): ConversationList {
  const total = facts.total ?? 0
  const data = (facts.rows ?? []).map((row) => listed(row, facts, caller))
  return { total, has_more: hasMore(paging, total), data }
}

function listed(row: ListedRow, facts: ListFacts, callerFacts: PersonFacts): Conversation {
  const [id, unread, messageId, content, createdAt, sentByCaller, otherKey, otherId, username, avatarUrl] =
    row
  const [erased, status, blocked, wasCreator] = row.slice(10) as [
    boolean,
    string | null,
    boolean | null,
    boolean,
  ]
  const isCreator = otherKey === facts.creatorKey
  const other = { key: otherKey, erased, isCreator, wasCreator, status, blocked: blocked === true }
  return presentConversation({
    id,
    unread,
    latest: { id: messageId, content, createdAt, sentByCaller },
    caller: { user: callerOf(facts), facts: callerFacts },
    other: { user: { id: otherId, username, avatar_url: avatarUrl }, facts: other },
  })
}

export function presentCommunity(row: CommunityRow): Community {
  return {
    id: row.id,
    name: row.name,
    creator: { id: row.creatorId, username: row.creatorUsername, avatar_url: row.creatorAvatarUrl },
    role: row.isCreator ? 'creator' : 'member',
    // The creator counts as active; whoever was the creator once and has no membership, as a former member (CONTRACT §2).
    status: (row.isCreator ? 'active' : (row.status ?? 'canceled')) as Community['status'],
    unread_count: row.unread,
  }
}

export function presentMember(row: MemberRow): Member {
  const { tier } = row
  return {
    id: row.id,
    status: row.status as Member['status'],
    joined_at: wireTime(row.joinedAt),
    is_blocked: row.blocked,
    tier_name: tier?.name ?? null,
    tier: tier && { id: tier.id ?? null, name: tier.name ?? null, color: tier.color ?? null },
    user: {
      id: row.userId,
      name: row.name,
      username: row.username,
      email: row.email,
      avatar_url: row.avatarUrl,
    },
    metadata: {
      blocked: row.blocked,
      blocked_at: wireTimeOrNull(row.blockedAt),
      blocked_by: row.blockedById,
      block_reason: row.blockReason,
      unblocked_at: wireTimeOrNull(row.unblockedAt),
      unblocked_by: row.unblockedById,
    },
  }
}

export function presentServiceUser(row: UserRow): ServiceUser {
  const on = (key: string) => row.settings[key] !== false
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    email: row.email,
    avatar_url: row.avatarUrl,
    time_zone: row.timeZone,
    settings: { 'messages.email': on('messages.email'), 'messages.push': on('messages.push') },
  }
}
