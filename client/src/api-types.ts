import type { Abortable } from './request.ts'
import type {
  BlockBody,
  Community,
  CommunityList,
  Conversation,
  ConversationList,
  Device,
  DeviceBody,
  DeviceList,
  Insights,
  Member,
  MemberList,
  Message,
  MessageList,
  ReadAnswer,
  ReadMarks,
  Setting,
  SettingBody,
} from './types.ts'

/** A page of a list: CONTRACT §1. */
export interface Paged extends Abortable {
  /** From 1. */
  page?: number | undefined
  /** 1 to 100; the server's default is 20. */
  perPage?: number | undefined
}

/** For an iterator over all pages, which are as large as they can be unless `perPage` says otherwise. */
export type Iterated<Query> = Omit<Query, 'page' | 'before' | 'after'>

export interface ConversationsQuery extends Paged {
  filter?: 'unread' | 'awaiting_reply' | undefined
  /** A part of the other's username. */
  q?: string | undefined
}

export interface ThreadPage extends Abortable {
  page?: number | 'last' | undefined
  perPage?: number | undefined
  /** A message's id: the page before it. */
  before?: string | undefined
  /** A message's id: the page after it. */
  after?: string | undefined
}

export interface MembersQuery extends Paged {
  status?: 'active' | 'canceled' | 'blocked' | undefined
  /** A part of the username, name or email. */
  search?: string | undefined
}

export interface SendOptions extends Abortable {
  /** The idempotency key, 1 to 255 visible ASCII characters. To be given where a send may go on after a restart. */
  key?: string | undefined
}

export type SettingKey = SettingBody['setting']['key']
export type SettingValue = SettingBody['setting']['value']

/** Everything that a user may ask for. Everything rejects with a `SnugError` or with the signal's reason. */
export interface Api {
  /** CONTRACT §4. */
  communities: {
    list(query?: Paged): Promise<CommunityList>
    iterate(query?: Iterated<Paged>): AsyncIterableIterator<Community>
    /** For the creator only. @param query days and weeks are of `time_zone`, an IANA name; default UTC */
    insights(community: string, query?: { time_zone?: string | undefined } & Abortable): Promise<Insights>
  }
  /** CONTRACT §3. */
  conversations: {
    list(community: string, query?: ConversationsQuery): Promise<ConversationList>
    /** Newest first. One that gets a message meanwhile moves up, and may be passed over. */
    iterate(community: string, query?: Iterated<ConversationsQuery>): AsyncIterableIterator<Conversation>
  }
  /** CONTRACT §3. `user` is the other participant. */
  messages: {
    list(community: string, user: string, query?: ThreadPage): Promise<MessageList>
    /** Oldest first. */
    iterate(community: string, user: string, query?: Iterated<ThreadPage>): AsyncIterableIterator<Message>
    /** Sends once, however often it has to try: with an idempotency key, its own unless one is given. */
    send(community: string, user: string, content: string, options?: SendOptions): Promise<Message>
    /** Deletes the last message of a conversation. */
    delete(community: string, id: string, options?: Abortable): Promise<void>
    /** Marks the thread read up to and with a message. */
    markRead(community: string, user: string, messageId: string, options?: Abortable): Promise<ReadAnswer>
    /** How far both have read. */
    readMarks(community: string, user: string, options?: Abortable): Promise<ReadMarks>
    /** Tells the other for 6 seconds that the caller is typing. */
    typing(community: string, user: string, options?: Abortable): Promise<void>
  }
  /** For the creator only: CONTRACT §4. `member` is the membership's id or the user's. */
  members: {
    list(community: string, query?: MembersQuery): Promise<MemberList>
    iterate(community: string, query?: Iterated<MembersQuery>): AsyncIterableIterator<Member>
    get(community: string, member: string, options?: Abortable): Promise<Member>
    /** Not tried again when no answer came: it may have been done. */
    block(community: string, member: string, options?: BlockBody & Abortable): Promise<Member>
    /** Not tried again when no answer came: it may have been done. */
    unblock(community: string, member: string, options?: Abortable): Promise<Member>
  }
  /** The caller's own notification settings: CONTRACT §5. */
  settings: {
    list(options?: Abortable): Promise<Setting[]>
    set(key: SettingKey, value: SettingValue, options?: Abortable): Promise<void>
  }
  /** CONTRACT §5. `id` is the application's own name for the device, the same at every start. */
  devices: {
    list(query?: Paged): Promise<DeviceList>
    register(id: string, device: DeviceBody, options?: Abortable): Promise<Device>
    remove(id: string, options?: Abortable): Promise<void>
  }
  push: {
    /** VAPID, base64url: the `applicationServerKey` of a browser's subscription. */
    publicKey(options?: Abortable): Promise<string>
  }
}
