// Made by scripts/client-types.ts from the schemas of contract/. Not to be edited: npm run client-types

/** An erased user is `{"id", "username": "deleted", "avatar_url": null}`. */
export interface User {
  id: string
  username: string
  avatar_url: string | null
}

export interface Message {
  id: string
  content: string
  created_at: string
  updated_at: string
  sender: User
  recipient: User
}

export interface MessageList {
  total: number
  has_more: boolean
  data: Message[]
}

export interface LatestMessage {
  id: string
  content: string
  created_at: string
  sender: User
}

export interface Conversation {
  id: string
  updated_at: string
  user: User
  latest_message: LatestMessage
  unread_count: number
  can_send: boolean
  cannot_send_reason: string | null
}

export interface ConversationList {
  total: number
  has_more: boolean
  data: Conversation[]
}

export interface ReadAnswer {
  unread_count: number
}

export interface ReadMarks {
  unread_count: number
  /** Up to and with which message the caller has read; null: none. */
  message_id: string | null
  /** Its place in the thread, from 1; 0: none. */
  position: number
  /** The same for the other participant. */
  other_message_id: string | null
  /** The same for the other participant. */
  other_position: number
}

export interface Community {
  id: string
  name: string
  creator: User
  role: 'creator' | 'member'
  status: 'active' | 'trialing' | 'past_due' | 'canceled' | 'unpaid' | 'incomplete'
  unread_count: number
}

export interface CommunityList {
  total: number
  has_more: boolean
  data: Community[]
}

export interface Member {
  id: string
  status: 'active' | 'trialing' | 'past_due' | 'canceled' | 'unpaid' | 'incomplete'
  joined_at: string
  is_blocked: boolean
  tier_name: string | null
  tier: {
    id: string | null
    name: string | null
    color: string | null
  } | null
  user: {
    id: string
    name: string | null
    username: string
    email: string | null
    avatar_url: string | null
  }
  metadata: {
    blocked: boolean
    blocked_at: string | null
    /** The user's id; null when the host blocked. */
    blocked_by: string | null
    block_reason: string | null
    unblocked_at: string | null
    unblocked_by: string | null
  }
}

export interface MemberList {
  total: number
  has_more: boolean
  data: Member[]
  counts: {
    active: number
    canceled: number
    blocked: number
  }
}

export interface BlockBody {
  reason?: string | null
}

export interface Insights {
  /** From when on the days and weeks are complete: later than their beginning only when `complete` is false. */
  since: string
  /** False: there is so much that only the conversations that were active last, and their newest messages, have been looked at. */
  complete: boolean
  /** The last 90 days, today with them, the oldest first. */
  messages_by_day: {
    /** In the time zone. */
    day: string
    received: number
    sent: number
  }[]
  /** The last 13 weeks. From the first message of a member that had no answer yet to the answer; in the week of the answer. */
  reply_times_by_week: {
    /** Its Monday. */
    week: string
    replies: number
    median_seconds: number | null
  }[]
  /** Conversations in which the member spoke last, by how long ago: of the 100,000 that were active last. */
  awaiting_reply_by_age: {
    from_seconds: number
    to_seconds: number | null
    conversations: number
  }[]
}

export interface Setting {
  key: string
  value: string
  category: string
  title: string
  description: string
}

export interface SettingBody {
  setting: {
    key: 'messages.email' | 'messages.push' | 'messages.email_delay' | 'messages.quiet_hours'
    /** `messages.email` and `messages.push`: true or false. `messages.email_delay`: 0, 300 or 3600 seconds, or `daily`. `messages.quiet_hours`: `22:00-07:00` or the empty text. All may be strings. */
    value: string | boolean | number
    category?: 'notifications'
  }
}

export interface PublicKey {
  /** VAPID, base64url: the `applicationServerKey` of a subscription. */
  public_key: string
}

export interface Device {
  id: string
  platform: 'web' | 'fcm' | 'apns'
  created_at: string
  updated_at: string
}

export interface DeviceList {
  total: number
  has_more: boolean
  data: Device[]
}

export type DeviceBody =
  | {
      platform: 'web'
      /** A browser's `PushSubscription`, as its `toJSON()` gives it. */
      subscription: {
        /** An https URL at a public address, without credentials. */
        endpoint: string
        keys: {
          /** An uncompressed point of P-256: 65 bytes in base64url. */
          p256dh: string
          /** 16 bytes in base64url. */
          auth: string
        }
      }
    }
  | {
      platform: 'fcm'
      /** The registration token. */
      token: string
    }
  | {
      platform: 'apns'
      /** The device token in hex. */
      token: string
    }

export interface Ready {
  user_id: string
  server_time: string
}

export interface MessageCreated {
  community_id: string
  conversation: Conversation
  message: Message
  /** The message's place in its thread, from 1. What a client holds there, or after it, under another id has been deleted. */
  position: number
  /** The conversation's place in the list: a greater one is nearer to the top. To be compared with others of the community only. */
  order: number
}

export interface MessageDeleted {
  community_id: string
  conversation_id: string
  /** The other participant, by whom the thread is fetched. */
  user_id: string
  message_id: string
  /** How many messages the thread holds now. */
  total: number
}

export interface ConversationRead {
  community_id: string
  conversation_id: string
  /** Which participant has read. */
  user_id: string
  /** Up to and with which message. */
  message_id: string
  /** The caller's own, as the list shows it. */
  unread_count: number
}

export interface ConversationHidden {
  community_id: string
  conversation_id: string
  /** The other participant, by whom the thread is fetched. */
  user_id: string
}

export interface Typing {
  community_id: string
  /** The other participant, by whom the thread is fetched. */
  user_id: string
  expires_at: string
}

export interface ConversationChanged {
  community_id: string
  /** The other participant, by whom the thread is fetched. */
  user_id: string
  conversation: Conversation | null
  /** How many messages the thread holds; 0 where a block hides it. */
  total: number
  /** The conversation's place in the list: a greater one is nearer to the top. To be compared with others of the community only. */
  order: number
}

export interface ConversationUpdated {
  community_id: string
  /** The other participant, by whom the thread is fetched. */
  user_id: string
  conversation: Conversation | null
  /** How many messages the thread holds; 0 where a block hides it. */
  total: number
  /** The conversation's place in the list: a greater one is nearer to the top. To be compared with others of the community only. */
  order: number
}

export type Resync = Record<string, never>

/** Every event of the stream by its name, with what its data holds: CONTRACT §6. */
export interface StreamData {
  ready: Ready
  'message.created': MessageCreated
  'message.deleted': MessageDeleted
  'conversation.read': ConversationRead
  'conversation.hidden': ConversationHidden
  'conversation.shown': ConversationHidden
  typing: Typing
  'conversation.changed': ConversationChanged
  'conversation.updated': ConversationUpdated
  resync: Resync
}

export type StreamEventName = keyof StreamData

/** An event as it comes: its opaque id, by which the stream resumes, its name and its data. */
export type StreamEvent = {
  [Name in StreamEventName]: { readonly id: string; readonly event: Name; readonly data: StreamData[Name] }
}[StreamEventName]
