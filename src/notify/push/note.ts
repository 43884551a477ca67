import { createHash } from 'node:crypto'
import type { Push } from '../../domain/delivery.ts'

/** What a device shows, the same whichever service brings it. */
export interface Note {
  readonly title: string
  readonly body: string
  /** The recipient's unread messages: the app's badge. */
  readonly badge: number
  /** What the app opens. Strings alone, since FCM takes nothing else. */
  readonly data: {
    readonly community_id: string
    readonly conversation_id: string
    readonly message_id: string
    readonly sender_id: string
  }
  /** 32 characters of base64url: a note replaces the one before of the same thread, shown or still waiting. */
  readonly thread: string
}

/** CONTRACT §5. In code points, as lengths are everywhere. */
const BODY_MAX = 140
/** Usernames may be longer; three of them and the rest have to fit in 4096 bytes with APNs and web push. */
const NAME_MAX = 100

/**
 * The note of a push: the sender and the newest message's first 140 characters (CONTRACT §5), or for what was held and
 * goes out as one, how much it is and from whom. As JSON it is under 3 KB whatever names and messages are.
 */
export function noteOf(push: Push): Note {
  const newest = push.messages.at(-1) ?? push.messages[0]
  const data = {
    community_id: push.community.id,
    conversation_id: push.conversationId,
    message_id: newest.id,
    sender_id: push.sender.id,
  }
  const senders = [...new Set(push.senders)]
  if (senders.length > 1) {
    const title = `${push.count} new messages`
    // It stands for several conversations, so a later note of one of them must not replace it.
    return { title, body: cut(fromWhom(senders), BODY_MAX), badge: push.badge, data, thread: threadOf('') }
  }
  const title = cut(push.sender.username, NAME_MAX)
  const text = push.count > 1 ? `${push.count} new messages: ${newest.content}` : newest.content
  const thread = threadOf(`${push.community.id}/${push.conversationId}`)
  return { title, body: cut(text, BODY_MAX), badge: push.badge, data, thread }
}

/** "From ada and robin", "From ada, robin and sam", "From ada, robin and 3 others". */
function fromWhom(senders: readonly string[]): string {
  // Each a quarter at most: a long name does not push the others out.
  const names = senders.slice(0, 3).map((name) => cut(name, BODY_MAX / 4))
  const [first, second, third] = names
  if (third === undefined) return `From ${first} and ${second}`
  return `From ${first}, ${second} and ${senders.length === 3 ? third : `${senders.length - 2} others`}`
}

/** Hashed, as the services see it: 192 bits, which is what Topic has room for (RFC 8030 §5.4). */
function threadOf(name: string): string {
  return createHash('sha256').update(name).digest().subarray(0, 24).toString('base64url')
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The first characters, never part of what is seen as one, unless that alone is longer. */
function cut(text: string, max: number): string {
  // Two code units a code point: nothing more of a long message needs to be looked at.
  const points = Array.from(text.slice(0, 2 * (max + 1)).toWellFormed())
  if (points.length <= max) return points.join('')
  const seen = points.slice(0, max + 1).join('')
  let end = 0
  let length = 0
  for (const { segment } of graphemes.segment(seen)) {
    length += Array.from(segment).length
    if (length > max) break
    end += segment.length
  }
  return end > 0 ? seen.slice(0, end) : points.slice(0, max).join('')
}
