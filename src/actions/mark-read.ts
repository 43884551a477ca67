import { pairOf } from '../domain/pair.ts'
import { Refused } from '../domain/refusal.ts'
import { mayRead } from '../domain/standing.ts'
import type { Db } from '../store/db.ts'
import { factsOfRead, markThreadRead } from '../store/threads.ts'
import { type MessagePath, untilSettled } from './settle.ts'

/**
 * Marks the caller's thread with another user read, up to and with a message (CONTRACT §3).
 * @param faults what is wrong with the body: judged after the caller and the community, before the permission
 * @returns how many messages are unread now
 * @throws {Refused}
 */
export function markRead(
  db: Db,
  mark: MessagePath & { otherId: string },
  faults: readonly string[],
): Promise<number> {
  return untilSettled(async () => {
    const facts = await factsOfRead(db, mark)
    const { communityKey, caller, other } = pairOf(facts)
    if (faults.length > 0) throw new Refused('invalid', faults)
    if (!other || !mayRead(caller, other, facts.total > 0)) throw new Refused('cannot_view')
    if (facts.anchor === null || mark.messageId === null)
      throw new Refused('invalid', ['Message is not in this thread'])
    const unread = await markThreadRead(db, {
      communityKey,
      readerKey: caller.key,
      otherKey: other.key,
      messageId: mark.messageId,
    })
    return unread === null ? null : { value: unread }
  })
}
