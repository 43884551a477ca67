import { CHANNELS } from '../domain/delivery.ts'
import { judgeNotification } from '../domain/notification.ts'
import type { Queryable } from '../store/db.ts'
import { factsOfMessages, type NotificationRef, notificationFacts } from '../store/notification-facts.ts'
import {
  insertNotifications,
  type NewNotification,
  type ReadThread,
  withdrawRead,
} from '../store/notifications.ts'
import type { NotifyingRow } from '../store/outbox.ts'

/**
 * Turns what changed into notifications, in the transaction that takes it off the outbox: two for each message that was
 * stored, one a channel. What is clear already is settled at once, so that workers are asked only for what may be sent. Reading a
 * conversation withdraws what still waits (CONTRACT §5).
 */
export async function queueNotifications(
  tx: Queryable,
  rows: readonly NotifyingRow[],
  emailDelaySeconds: number,
): Promise<void> {
  const created = rows.filter((row) => row.kind === 'message.created').map(refOf)
  if (created.length > 0) await insertNotifications(tx, await judged(tx, created, emailDelaySeconds))
  await withdrawRead(tx, distinct(rows.flatMap(threadsOf)))
}

async function judged(
  tx: Queryable,
  refs: readonly NotificationRef[],
  emailDelaySeconds: number,
): Promise<NewNotification[]> {
  const facts = await factsOfMessages(tx, refs, false)
  return refs.flatMap((ref) => {
    const known = facts.get(ref.messageId)
    if (!known) return []
    return CHANNELS.map((channel) => {
      const verdict = judgeNotification(notificationFacts(known, channel), known.now, emailDelaySeconds)
      const row = { ...ref, channel, recipientKey: known.recipient.key }
      if (verdict.kind === 'skip')
        return { ...row, state: 'skipped', reason: verdict.reason, gather: 'none', dueAt: null }
      if (verdict.kind === 'send')
        return { ...row, state: 'waiting', reason: null, gather: 'none', dueAt: null }
      return {
        ...row,
        state: 'waiting',
        reason: verdict.reason,
        gather: verdict.gather,
        dueAt: verdict.until,
      }
    })
  })
}

function refOf(row: NotifyingRow): NotificationRef {
  const { communityKey, lowKey, highKey, userKey } = row
  const messageId = row.messageId as string
  return { messageId, communityKey, lowKey, highKey, position: row.position as number, recipientKey: userKey }
}

/** Whoever sends has read what was before. */
function threadsOf(row: NotifyingRow): ReadThread[] {
  const { kind, userKey, communityKey, lowKey, highKey } = row
  if (userKey === null) return []
  if (kind === 'conversation.read') return [{ readerKey: userKey, communityKey, lowKey, highKey }]
  if (kind !== 'message.created') return []
  return [{ readerKey: userKey === lowKey ? highKey : lowKey, communityKey, lowKey, highKey }]
}

/** Each thread once: a rush is many messages of few threads. */
function distinct(threads: readonly ReadThread[]): ReadThread[] {
  const keyOf = ({ readerKey, communityKey, lowKey, highKey }: ReadThread) =>
    `${readerKey} ${communityKey} ${lowKey} ${highKey}`
  return [...new Map(threads.map((thread) => [keyOf(thread), thread])).values()]
}
