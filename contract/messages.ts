import { type Static, Type } from 'typebox'
import {
  HostId,
  List,
  NOT_BLANK,
  NullableString,
  Page,
  PageOrLast,
  PerPage,
  Text,
  Time,
  User,
  Uuid,
  Words,
} from './common.ts'

/** The longest text of a message, in Unicode code points (CONTRACT §3). */
export const CONTENT_MAX = 5_000

export const Message = Type.Object({
  id: Uuid,
  content: Type.String({ examples: ['Hello! How can I help?'] }),
  created_at: Time,
  updated_at: Time,
  sender: User,
  recipient: User,
})
export type Message = Static<typeof Message>

export const MessageList = List(Message)
export type MessageList = Static<typeof MessageList>

export const LatestMessage = Type.Object({
  id: Uuid,
  content: Type.String({ examples: ['Thanks for the update!'] }),
  created_at: Time,
  sender: User,
})

export const Conversation = Type.Object({
  id: Uuid,
  updated_at: Time,
  user: User,
  latest_message: LatestMessage,
  unread_count: Type.Integer({ examples: [0] }),
  can_send: Type.Boolean({ examples: [true] }),
  cannot_send_reason: NullableString({
    enum: ['membership_ended', 'creator_changed', null],
    examples: [null],
  }),
})
export type Conversation = Static<typeof Conversation>

export const ConversationList = List(Conversation)
export type ConversationList = Static<typeof ConversationList>

export const ConversationQuery = Type.Object({
  page: Type.Optional(Page),
  per_page: Type.Optional(PerPage()),
  filter: Type.Optional(
    Words(['unread', 'awaiting_reply'], {
      description: '`awaiting_reply`: the other participant spoke last.',
      faults: {
        label: 'Filter',
        enum: 'must be unread or awaiting_reply',
        type: 'must be unread or awaiting_reply',
      },
      examples: ['unread'],
    }),
  ),
  q: Type.Optional(
    Text({ label: 'Q' }, { description: "A part of the other's username.", examples: ['whisky'] }),
  ),
})
export type ConversationQuery = Static<typeof ConversationQuery>

const MessageId = (label: string) =>
  Type.String({ faults: { label }, examples: ['01a203e0-09e9-727d-8a69-7cce79def710'] })

export const ThreadQuery = Type.Object({
  page: Type.Optional(PageOrLast),
  per_page: Type.Optional(PerPage()),
  before: Type.Optional(MessageId('Before')),
  after: Type.Optional(MessageId('After')),
})
export type ThreadQuery = Static<typeof ThreadQuery>

export const SendBody = Type.Object({
  recipient_id: Type.String({
    faults: { label: 'Recipient', type: "can't be blank" },
    description: 'The user to write to.',
    examples: ['member-1'],
  }),
  content: Text(
    {
      label: 'Content',
      pattern: "can't be blank",
      maxLength: `is too long (maximum is ${CONTENT_MAX} characters)`,
      format: 'is invalid',
    },
    { pattern: NOT_BLANK, maxLength: CONTENT_MAX, examples: ['Hello! How can I help?'] },
  ),
})
export type SendBody = Static<typeof SendBody>

export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,255}$',
      faults: { label: 'Idempotency-Key', pattern: 'must be 1 to 255 visible ASCII characters' },
      description: 'Makes a retry safe, for good: the same key answers with the first message again.',
      examples: ['order-1234'],
    }),
  ),
})

export const ReadBody = Type.Object({ message_id: MessageId('Message') })
export type ReadBody = Static<typeof ReadBody>

export const ReadAnswer = Type.Object({ unread_count: Type.Integer({ examples: [0] }) })

const MarkId = (description: string) =>
  NullableString({ description, examples: ['01a203e0-09e9-727d-8a69-7cce79def710'] })
const MarkPosition = (description: string) => Type.Integer({ description, examples: [12] })

/** How far a thread has been read, by both of its people. */
export const ReadMarks = Type.Object({
  unread_count: Type.Integer({ examples: [0] }),
  message_id: MarkId('Up to and with which message the caller has read; null: none.'),
  position: MarkPosition('Its place in the thread, from 1; 0: none.'),
  other_message_id: MarkId('The same for the other participant.'),
  other_position: MarkPosition('The same for the other participant.'),
})
export type ReadMarks = Static<typeof ReadMarks>

export const RecipientId = HostId({ label: 'Recipient' })
