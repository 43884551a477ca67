import { judgeDeletion } from '../domain/deletion.ts'
import type { Db } from '../store/db.ts'
import { deleteLastMessage, factsOfDeletion } from '../store/messages.ts'
import { type MessagePath, untilSettled } from './settle.ts'

/**
 * Deletes the caller's message, which has to be the last of its conversation (CONTRACT §3).
 * @param path `messageId` null: what was given is no UUID
 * @throws {Refused}
 */
export function deleteMessage(db: Db, path: MessagePath): Promise<void> {
  return untilSettled(async () => {
    const communityKey = judgeDeletion(await factsOfDeletion(db, path))
    // Somebody sent, deleted or blocked since the facts were read: the new facts say which.
    const gone = await deleteLastMessage(db, communityKey, path.messageId as string)
    return gone ? { value: undefined } : null
  })
}
