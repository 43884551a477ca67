// Made by scripts/client-types.ts from the schemas of contract/. Not to be edited: npm run client-types

/** Fields that are left out stay as they are; null clears one. */
export interface UserBody {
  username: string
  name?: string | null
  email?: string | null
  avatar_url?: string | null
  time_zone?: string | null
  settings?: {
    'messages.email'?: boolean
    'messages.push'?: boolean
  }
}

export interface ServiceUser {
  id: string
  username: string
  name: string | null
  email: string | null
  avatar_url: string | null
  time_zone: string | null
  settings: {
    'messages.email': boolean
    'messages.push': boolean
  }
}

export interface CommunityBody {
  name: string
  creator_id: string
}

export interface ServiceCommunity {
  id: string
  name: string
  creator_id: string
}

/** Fields that are left out stay as they are; a null tier clears it. */
export interface MemberBody {
  status: 'active' | 'trialing' | 'past_due' | 'canceled' | 'unpaid' | 'incomplete'
  /** Default: when the membership is first told of. */
  joined_at?: string
  tier?: {
    id?: string | null
    name?: string | null
    color?: string | null
  } | null
}

export interface TokenAnswer {
  access_token: string
  expires_at: string
}

export interface UserLine {
  type: 'user'
  id: string
  username: string
  name?: string | null
  email?: string | null
  avatar_url?: string | null
  time_zone?: string | null
  settings?: {
    'messages.email'?: boolean
    'messages.push'?: boolean
  }
  /** Set: an erased user, new to this Snug. */
  erased_at?: string | null
}

export interface CommunityLine {
  type: 'community'
  id: string
  name: string
  creator_id: string
  /** Whoever was the creator before, the latest last. */
  past_creator_ids?: string[]
}

export interface MemberLine {
  type: 'member'
  community_id: string
  user_id: string
  status: 'active' | 'trialing' | 'past_due' | 'canceled' | 'unpaid' | 'incomplete'
  /** Default: when the membership is first told of. */
  joined_at?: string
  tier?: {
    id?: string | null
    name?: string | null
    color?: string | null
  } | null
  /** The membership's id, where it is new. */
  id?: string
  /** The block. Taken in where the membership was never blocked before. */
  metadata?: {
    blocked?: boolean
    blocked_at?: string | null
    blocked_by?: string | null
    block_reason?: string | null
    unblocked_at?: string | null
    unblocked_by?: string | null
  }
}

export interface MessageLine {
  type: 'message'
  /** Any UUID. Without it, one is made of the community, the people, the text and the time. */
  id?: string
  community_id: string
  sender_id: string
  recipient_id: string
  content: string
  created_at: string
  /** Whether the recipient has read it, and so all before it. Without it: yes, unless something before it is unread. */
  read?: boolean
  /** The text was removed when its sender was erased: the content is empty. */
  erased?: boolean
  /** The last message was deleted after this one: the conversation is off both lists. */
  off_list?: boolean
  /** The conversation's id, where the message is its first. */
  conversation_id?: string
  /** The conversation's place in the lists, where it is not `created_at`. */
  active_at?: string
}

export interface KeyLine {
  type: 'idempotency_key'
  community_id: string
  sender_id: string
  key: string
  message_id: string
}

export type TransferLine = UserLine | CommunityLine | MemberLine | MessageLine | KeyLine

export interface ImportAnswer {
  /** What is new or changed: all zeros when the same is imported again. */
  imported: {
    users: number
    communities: number
    members: number
    conversations: number
    messages: number
    idempotency_keys: number
  }
  /** How many lines were refused. */
  refused: number
  /** The refused lines in their order, the first 1000 of them. */
  errors: {
    /** From 1, blank lines counted. */
    line: number
    message: string
  }[]
}

export interface NotificationRecord {
  channel: 'email' | 'push'
  status: 'queued' | 'held' | 'sent' | 'skipped' | 'failed'
  /** `setting_off`: The recipient has turned the setting off. `no_address`: The recipient has no email address. `address_refused`: The address's mail server refused it for good; nothing goes there until it changes. `no_device`: The recipient has no device. `not_active`: One of the two is no active member, or the community has changed hands. `blocked`: One of the two is blocked. `read`: The recipient had read the message before. `deleted`: The message had been deleted before. `erased`: One of the two has been erased. `email_delay`: Emails wait for the recipient's `messages.email_delay`, or the server's. `quiet_hours`: Pushes are held during the recipient's `messages.quiet_hours`. `retry`: The service could not take it, and is asked again. */
  reason: string | null
  /** The same in words. */
  explanation: string | null
  held_until: string | null
  next_attempt_at: string | null
  sent_at: string | null
  settled_at: string | null
  /** How often the service was asked. */
  attempts: number
  /** The service's words about the last attempt. */
  error: string | null
  /** Of a push: the devices that are done with. */
  devices: {
    id: string
    status: 'sent' | 'failed'
    at: string
    /** The service's words. */
    error: string | null
  }[]
}

export interface NotificationsOfMessage {
  message_id: string
  community_id: string
  recipient_id: string
  data: NotificationRecord[]
}
