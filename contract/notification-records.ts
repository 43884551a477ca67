import { type Static, Type } from 'typebox'
import { NullableString, UUID_PATTERN, Words } from './common.ts'

/** What became of a notification. */
export const NOTIFICATION_STATUSES = ['queued', 'held', 'sent', 'skipped', 'failed'] as const

/** Why one was skipped or is held, in words for the operator. */
export const NOTIFICATION_REASONS = {
  setting_off: 'The recipient has turned the setting off',
  no_address: 'The recipient has no email address',
  address_refused: "The address's mail server refused it for good; nothing goes there until it changes",
  no_device: 'The recipient has no device',
  not_active: 'One of the two is no active member, or the community has changed hands',
  blocked: 'One of the two is blocked',
  read: 'The recipient had read the message before',
  deleted: 'The message had been deleted before',
  erased: 'One of the two has been erased',
  email_delay: "Emails wait for the recipient's `messages.email_delay`, or the server's",
  quiet_hours: "Pushes are held during the recipient's `messages.quiet_hours`",
  retry: 'The service could not take it, and is asked again',
} as const

const NullableTime = NullableString({ format: 'date-time', examples: ['2024-12-01T10:30:00Z'] })

const DeviceRecord = Type.Object({
  id: Type.String({ examples: ['phone-1'] }),
  status: Words(['sent', 'failed'] as const, { examples: ['sent'] }),
  at: Type.String({ format: 'date-time', examples: ['2024-12-01T10:30:00Z'] }),
  error: NullableString({ description: "The service's words.", examples: [null] }),
})

export const NotificationRecord = Type.Object({
  channel: Words(['email', 'push'] as const, { examples: ['email'] }),
  status: Words(NOTIFICATION_STATUSES, { examples: ['sent'] }),
  reason: NullableString({
    enum: [...Object.keys(NOTIFICATION_REASONS), null],
    description: Object.entries(NOTIFICATION_REASONS)
      .map(([reason, words]) => `\`${reason}\`: ${words}.`)
      .join(' '),
    examples: [null],
  }),
  explanation: NullableString({ description: 'The same in words.', examples: [null] }),
  held_until: { ...NullableTime, examples: [null] },
  next_attempt_at: { ...NullableTime, examples: [null] },
  sent_at: NullableTime,
  settled_at: NullableTime,
  attempts: Type.Integer({ description: 'How often the service was asked.', examples: [1] }),
  error: NullableString({ description: "The service's words about the last attempt.", examples: [null] }),
  devices: Type.Array(DeviceRecord, { description: 'Of a push: the devices that are done with.' }),
})

export const NotificationsOfMessage = Type.Object({
  message_id: Type.String({ examples: ['01a203e0-09e9-727d-8a69-7cce79def710'] }),
  community_id: Type.String({ examples: ['whisky-club'] }),
  recipient_id: Type.String({ examples: ['member-1'] }),
  data: Type.Array(NotificationRecord),
})
export type NotificationsOfMessage = Static<typeof NotificationsOfMessage>

export const NotificationsQuery = Type.Object({
  message_id: Type.String({
    pattern: UUID_PATTERN,
    faults: { label: 'Message', pattern: 'is invalid' },
    examples: ['01a203e0-09e9-727d-8a69-7cce79def710'],
  }),
})
export type NotificationsQuery = Static<typeof NotificationsQuery>
