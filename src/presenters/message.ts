import type { Message } from '../../contract/messages.ts'
import type { MessageRow } from '../store/messages.ts'
import { wireTime } from './times.ts'

/** The message of CONTRACT §3. */
export function presentMessage(row: MessageRow): Message {
  const created = wireTime(row.createdAt)
  return {
    id: row.id,
    content: row.content,
    created_at: created,
    // Erasing its sender is the one thing that changes a message.
    updated_at: row.senderErasedAt === null ? created : wireTime(row.senderErasedAt),
    sender: { id: row.senderId, username: row.senderUsername, avatar_url: row.senderAvatarUrl },
    recipient: { id: row.recipientId, username: row.recipientUsername, avatar_url: row.recipientAvatarUrl },
  }
}
