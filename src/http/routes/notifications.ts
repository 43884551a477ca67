import type { FastifyInstance } from 'fastify'
import {
  NOTIFICATION_REASONS,
  NotificationsOfMessage,
  NotificationsQuery,
} from '../../../contract/notification-records.ts'
import { Refused } from '../../domain/refusal.ts'
import { wireTime } from '../../presenters/times.ts'
import type { Db } from '../../store/db.ts'
import { type NotificationRecord, notificationsOfMessage } from '../../store/notification-records.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'

const whyOperation = operation({
  tag: 'Service',
  summary: 'Why was somebody told of a message, or not?',
  description:
    'What became of a message’s email and push, and why. Kept 30 days. 404 for a message that is older, was imported, or does not exist.',
  query: NotificationsQuery,
  answers: { 200: NotificationsOfMessage },
  refusals: ['not_found'],
})

/** What became of notifications, for the operator: CONTRACT §5. */
export function notificationRoutes(app: FastifyInstance, { db }: { db: Db }): void {
  app.get<{ Querystring: NotificationsQuery }>('/service/v1/notifications', whyOperation, async (request) => {
    const faults = faultsOf(request)
    if (faults.length > 0) throw new Refused('invalid', faults)
    const records = await notificationsOfMessage(db, request.query.message_id)
    const [first] = records
    if (!first) throw new Refused('not_found')
    const { messageId, communityId, recipientId } = first
    const data = records.map(presentRecord)
    return { message_id: messageId, community_id: communityId, recipient_id: recipientId, data }
  })
}

function presentRecord(record: NotificationRecord): NotificationsOfMessage['data'][number] {
  const { state, reason, dueAt, settledAt, attempts, error } = record
  const held = state === 'waiting' && (reason === 'email_delay' || reason === 'quiet_hours')
  const settled = settledAt === null ? null : wireTime(settledAt)
  return {
    channel: record.channel,
    status: state === 'waiting' ? (held ? 'held' : 'queued') : state,
    reason,
    explanation: reason === null ? null : NOTIFICATION_REASONS[reason],
    held_until: held ? wireTime(dueAt) : null,
    next_attempt_at: state === 'waiting' && !held ? wireTime(dueAt) : null,
    sent_at: state === 'sent' ? settled : null,
    settled_at: settled,
    attempts,
    error,
    devices: Object.entries(record.devices ?? {}).map(([id, device]) => ({
      id,
      status: device.error === undefined ? 'sent' : 'failed',
      at: wireTime(new Date(device.at * 1_000).toISOString()),
      error: device.error ?? null,
    })),
  }
}
