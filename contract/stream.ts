import { type Static, Type } from 'typebox'
import { Time, Uuid } from './common.ts'
import { Conversation, Message } from './messages.ts'

// The events of CONTRACT §6. What it does not have was added, and clients that do not know it lose nothing: `position`, `order`,
// `unread_count`, and the event `conversation.updated`.

/** Of the stream over WebSocket; the token goes beside it, as `bearer.<token>`. */
export const SUBPROTOCOL = 'snug.v1'

/** For how long a `typing` event holds, in seconds. */
export const TYPING_SECONDS = 6

const CommunityId = Type.String({ examples: ['whisky-club'] })
const OtherId = Type.String({
  description: 'The other participant, by whom the thread is fetched.',
  examples: ['member-1'],
})
const Order = Type.Integer({
  description:
    "The conversation's place in the list: a greater one is nearer to the top. To be compared with others of the community only.",
  examples: [1733049000123456],
})
const Total = Type.Integer({ description: 'How many messages the thread holds now.', examples: [1] })

export const Ready = Type.Object({
  user_id: Type.String({ examples: ['member-1'] }),
  server_time: Time,
})

export const MessageCreated = Type.Object({
  community_id: CommunityId,
  conversation: Conversation,
  message: Message,
  position: Type.Integer({
    description:
      "The message's place in its thread, from 1. What a client holds there, or after it, under another id has been deleted.",
    examples: [1],
  }),
  order: Order,
})

export const MessageDeleted = Type.Object({
  community_id: CommunityId,
  conversation_id: Uuid,
  user_id: OtherId,
  message_id: Uuid,
  total: Total,
})

export const ConversationRead = Type.Object({
  community_id: CommunityId,
  conversation_id: Uuid,
  user_id: Type.String({ description: 'Which participant has read.', examples: ['member-1'] }),
  message_id: Type.String({
    description: 'Up to and with which message.',
    examples: ['01a203e0-09e9-727d-8a69-7cce79def710'],
  }),
  unread_count: Type.Integer({ description: "The caller's own, as the list shows it.", examples: [0] }),
})

export const ConversationHidden = Type.Object({
  community_id: CommunityId,
  conversation_id: Uuid,
  user_id: OtherId,
})

export const Typing = Type.Object({ community_id: CommunityId, user_id: OtherId, expires_at: Time })

/** Null where the conversation is not listed. */
const MaybeConversation = Type.Unsafe<Static<typeof Conversation> | null>({
  anyOf: [Conversation, { type: 'null' }],
  examples: [null],
})
const Listed = {
  community_id: CommunityId,
  user_id: OtherId,
  conversation: MaybeConversation,
  total: Type.Integer({ description: 'How many messages the thread holds; 0 where a block hides it.' }),
  order: Order,
}

/** On resume only: what a conversation has come to while the client was away. */
export const ConversationChanged = Type.Object(Listed)
/** The same while the stream is live, for what no other event tells: a membership, a name, an erasure. */
export const ConversationUpdated = Type.Object(Listed)

export const Resync = Type.Object({})

/** Every event by its name, with what its data holds. */
export const StreamEvents = {
  ready: Ready,
  'message.created': MessageCreated,
  'message.deleted': MessageDeleted,
  'conversation.read': ConversationRead,
  'conversation.hidden': ConversationHidden,
  'conversation.shown': ConversationHidden,
  typing: Typing,
  'conversation.changed': ConversationChanged,
  'conversation.updated': ConversationUpdated,
  resync: Resync,
} as const

export type StreamEventName = keyof typeof StreamEvents
export type StreamData = { readonly [Name in StreamEventName]: Static<(typeof StreamEvents)[Name]> }

/** A frame of the WebSocket, and what a server-sent event holds in its three fields. */
export type StreamEvent = {
  readonly [Name in StreamEventName]: {
    readonly id: string
    readonly event: Name
    readonly data: StreamData[Name]
  }
}[StreamEventName]

export const StreamQuery = Type.Object({
  since: Type.Optional(
    Type.String({
      faults: { label: 'Since' },
      description: 'The id of the last event that was received, as an alternative to `Last-Event-ID`.',
      examples: ['a12267-hohfpvptdr-3'],
    }),
  ),
})
export type StreamQuery = Static<typeof StreamQuery>
