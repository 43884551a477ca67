import type { Channel } from './delivery.ts'
import { nextDaily, quietUntil } from './schedule.ts'
import { maySend, type PersonFacts, standingOf } from './standing.ts'

/** What decides about one notification: a message, its two people, a channel. */
export interface NotificationFacts {
  readonly channel: Channel
  /** Epoch milliseconds; null: the message has been deleted. */
  readonly createdAt: number | null
  readonly conversationBlocked: boolean
  /** The recipient has read the thread up to the message or further. */
  readonly read: boolean
  readonly sender: PersonFacts
  readonly recipient: PersonFacts
  /** As stored: `messages.email` and its like, by their keys. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly timeZone: string | null
  readonly hasAddress: boolean
  /** The address's server refused it for good. */
  readonly addressRefused: boolean
  readonly hasDevice: boolean
}

export type SkipReason =
  | 'deleted'
  | 'erased'
  | 'blocked'
  | 'not_active'
  | 'setting_off'
  | 'read'
  | 'no_address'
  | 'address_refused'
  | 'no_device'

/** What goes out together: one message, a conversation's waiting messages, all that is held for the recipient. */
export type Gather = 'none' | 'conversation' | 'recipient'

export type NotificationVerdict =
  | { readonly kind: 'send' }
  | { readonly kind: 'skip'; readonly reason: SkipReason }
  | {
      readonly kind: 'hold'
      /** Epoch milliseconds. */
      readonly until: number
      readonly reason: 'email_delay' | 'quiet_hours'
      readonly gather: Gather
    }

/**
 * Judges a notification by what holds now: when the message was stored, and again at the moment of sending (CONTRACT §5).
 * A send that would be refused now is not told of either: that is the last column of the table in CONTRACT §2.
 * @param now epoch milliseconds
 * @param emailDelaySeconds for users who have not chosen `messages.email_delay`
 */
export function judgeNotification(
  facts: NotificationFacts,
  now: number,
  emailDelaySeconds: number,
): NotificationVerdict {
  const reason = reasonToSkip(facts)
  if (reason) return { kind: 'skip', reason }
  if (facts.channel === 'push') {
    const until = quietUntil(now, text(facts.settings['messages.quiet_hours']), facts.timeZone)
    if (until !== null) return { kind: 'hold', until, reason: 'quiet_hours', gather: 'recipient' }
    return { kind: 'send' }
  }
  const until = emailDueAt(facts, emailDelaySeconds)
  if (until > now) return { kind: 'hold', until, reason: 'email_delay', gather: 'conversation' }
  return { kind: 'send' }
}

function reasonToSkip(facts: NotificationFacts): SkipReason | null {
  const { channel, sender, recipient } = facts
  if (facts.createdAt === null) return 'deleted'
  if (sender.erased || recipient.erased) return 'erased'
  if (facts.conversationBlocked || [sender, recipient].some((who) => standingOf(who) === 'blocked'))
    return 'blocked'
  if (!maySend(sender, recipient)) return 'not_active'
  if (facts.settings[`messages.${channel}`] === false) return 'setting_off'
  if (facts.read) return 'read'
  if (channel === 'push') return facts.hasDevice ? null : 'no_device'
  if (!facts.hasAddress) return 'no_address'
  return facts.addressRefused ? 'address_refused' : null
}

function emailDueAt(facts: NotificationFacts, emailDelaySeconds: number): number {
  const createdAt = facts.createdAt as number
  const chosen = text(facts.settings['messages.email_delay'])
  if (chosen === 'daily') return nextDaily(createdAt, facts.timeZone)
  const seconds = chosen === '' ? emailDelaySeconds : Number(chosen)
  // By default every message makes one email, at once.
  return seconds > 0 ? createdAt + seconds * 1_000 : 0
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
