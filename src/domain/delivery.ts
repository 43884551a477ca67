/** What is handed to a service, and what comes of it: the words that the worker and the services share (CONTRACT §5). */

export type Channel = 'email' | 'push'
export const CHANNELS: readonly Channel[] = ['email', 'push']

export interface NotifiedMessage {
  readonly id: string
  readonly content: string
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/** What somebody is told: the messages of one conversation, oldest first, at least one. */
export interface Notice {
  readonly community: { readonly id: string; readonly name: string }
  readonly conversationId: string
  readonly sender: {
    readonly id: string
    readonly username: string
    readonly avatarUrl: string | null
  }
  readonly recipient: { readonly key: number; readonly id: string; readonly username: string }
  readonly messages: readonly [NotifiedMessage, ...NotifiedMessage[]]
}

/** One email. */
export interface Letter extends Notice {
  readonly address: string
  /** How many messages it stands for: at least those that it shows. */
  readonly count: number
}

/** One push: the newest conversation's notice, and how much else it stands for. */
export interface Push extends Notice {
  /** Messages that were held and go out as one, of this conversation and of others; 1 for a push of its own. */
  readonly count: number
  /** Usernames of all their senders, newest first. */
  readonly senders: readonly string[]
  /** The recipient's unread messages, in all communities. */
  readonly badge: number
}

export type Device = { readonly id: string } & (
  | { readonly platform: 'web'; readonly address: string; readonly p256dh: string; readonly auth: string }
  | { readonly platform: 'fcm' | 'apns'; readonly address: string }
)

/** What came of handing it to the service. `words` are the service's, for the operator. */
export type Outcome =
  | { readonly kind: 'sent' }
  /** The address or the device takes nothing any more: never again, until it changes. */
  | { readonly kind: 'gone'; readonly words: string }
  /** This one is never taken; another may be. */
  | { readonly kind: 'refused'; readonly words: string }
  /** To be tried again; `afterMs` as the service asked, null: as we see fit. */
  | { readonly kind: 'later'; readonly words: string; readonly afterMs: number | null }
  /** Its service is not to be asked for so long; nothing was tried. */
  | { readonly kind: 'paused'; readonly afterMs: number }

export type SendLetter = (letter: Letter) => Promise<Outcome>
export type SendPush = (device: Device, push: Push) => Promise<Outcome>

/** Told the moment a service has taken something for these messages. `deviceId` of a push; null for an email. Never throws. */
export type NoteSent = (messageIds: readonly string[], channel: Channel, deviceId: string | null) => void
