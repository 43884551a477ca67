import type { CommunityLine, KeyLine, MemberLine, MessageLine, UserLine } from '../../contract/transfer.ts'
import type {
  ExportedCommunity,
  ExportedKey,
  ExportedMember,
  ExportedMessage,
  ExportedUser,
} from '../store/export.ts'

// Allow-lists, as the presenters of the API are: field by field it is said what leaves.

/** PostgreSQL's time in UTC as ISO 8601, with its microseconds: lists are ordered by them. */
function microTime(time: string): string {
  return `${time.slice(0, 10)}T${time.slice(11).replace(/\+00$/, 'Z')}`
}

const microTimeOrNull = (time: string | null) => (time === null ? null : microTime(time))

export function userLine(row: ExportedUser): UserLine {
  const { id, username, name, email } = row
  if (row.erasedAt !== null) return { type: 'user', id, username, erased_at: microTime(row.erasedAt) }
  const settings = row.settings as UserLine['settings']
  return {
    type: 'user',
    id,
    username,
    name,
    email,
    avatar_url: row.avatarUrl,
    time_zone: row.timeZone,
    settings,
  }
}

export function communityLine(row: ExportedCommunity): CommunityLine {
  const { id, name } = row
  const past = row.pastCreatorIds.length > 0 && { past_creator_ids: [...row.pastCreatorIds] }
  return { type: 'community', id, name, creator_id: row.creatorId, ...past }
}

export function memberLine(row: ExportedMember): MemberLine {
  const { blocked, blockedAt, unblockedAt } = row
  const metadata = {
    blocked,
    blocked_at: microTimeOrNull(blockedAt),
    blocked_by: row.blockedById,
    block_reason: row.blockReason,
    unblocked_at: microTimeOrNull(unblockedAt),
    unblocked_by: row.unblockedById,
  }
  return {
    type: 'member',
    community_id: row.communityId,
    user_id: row.userId,
    status: row.status as MemberLine['status'],
    joined_at: microTime(row.joinedAt),
    tier: row.tier,
    id: row.id,
    ...((blocked || blockedAt !== null || unblockedAt !== null) && { metadata }),
  }
}

export function messageLine(row: ExportedMessage): MessageLine {
  const isLast = row.position === row.lastPosition
  return {
    type: 'message',
    id: row.id,
    community_id: row.communityId,
    sender_id: row.senderId,
    recipient_id: row.recipientId,
    content: row.content,
    created_at: microTime(row.createdAt),
    ...(!row.read && { read: false }),
    // Its sender may have been told of anew since: the user's line alone does not say it.
    ...(row.content === '' && { erased: true }),
    ...(row.position === 1 && { conversation_id: row.conversationId }),
    ...(isLast && row.offList && { off_list: true }),
    ...(isLast && row.activeAt !== row.createdAt && { active_at: microTime(row.activeAt) }),
  }
}

export function keyLine(row: ExportedKey): KeyLine {
  const { key } = row
  return {
    type: 'idempotency_key',
    community_id: row.communityId,
    sender_id: row.senderId,
    key,
    message_id: row.messageId,
  }
}
