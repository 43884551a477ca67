import type { Channel, Device } from '../domain/delivery.ts'
import type { NotificationFacts } from '../domain/notification.ts'
import type { PersonFacts } from '../domain/standing.ts'
import { unreadIn } from './communities.ts'
import type { Queryable } from './db.ts'
import { membershipOf } from './pair.ts'
import { sql } from './sql.ts'

/** Which message, and whom to tell of it. */
export interface NotificationRef {
  readonly messageId: string
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  readonly position: number
  /** Null: the message's own, which the relay does not know yet. */
  readonly recipientKey: number | null
}

/** What both the row and the facts have. */
interface MessageColumns {
  readonly messageId: string
  /** The database's clock when the facts were read, in epoch milliseconds: servers' own clocks differ. */
  readonly now: number
  readonly createdAt: number | null
  /** Null for a deleted message, and where it was not asked for. */
  readonly content: string | null
  readonly conversationId: string
  readonly conversationBlocked: boolean
  readonly read: boolean
  readonly communityId: string
  readonly communityName: string
  readonly hasDevice: boolean
}

/** Everything about one message that decides whether its recipient is told of it, and how. */
export interface MessageFacts extends MessageColumns {
  readonly sender: PersonFacts & {
    readonly id: string
    readonly username: string
    readonly avatarUrl: string | null
  }
  readonly recipient: PersonFacts & {
    readonly id: string
    readonly username: string
    readonly email: string | null
    readonly timeZone: string | null
    readonly settings: Readonly<Record<string, unknown>>
  }
  readonly addressRefused: boolean
  /** Empty where it was not asked for. */
  readonly devices: readonly Device[]
}

interface Row extends MessageColumns {
  readonly creatorKey: number
  readonly recipientKey: number
  readonly recipientId: string
  readonly recipientUsername: string
  readonly recipientErased: boolean
  readonly recipientStatus: string | null
  readonly recipientBlocked: boolean | null
  readonly recipientWasCreator: boolean
  readonly email: string | null
  readonly refusedEmail: string | null
  readonly timeZone: string | null
  readonly settings: Readonly<Record<string, unknown>>
  readonly senderKey: number
  readonly senderId: string
  readonly senderUsername: string
  readonly senderAvatarUrl: string | null
  readonly senderErased: boolean
  readonly senderStatus: string | null
  readonly senderBlocked: boolean | null
  readonly senderWasCreator: boolean
  readonly devices: readonly Device[] | null
}

// A deleted message no longer tells who had sent it: without a recipient it is left out, with one both are known from the pair.
const facts = sql<Row>(
  'notifications.facts',
  `select ref.message_id as "messageId", floor(extract(epoch from statement_timestamp()) * 1000)::bigint as now,
     floor(extract(epoch from message.created_at) * 1000)::bigint as "createdAt",
     case when $7::boolean then message.content end as content,
     conversation.id as "conversationId", conversation.blocked as "conversationBlocked",
     case when recipient.key = ref.low_key then conversation.low_read else conversation.high_read end >= ref.position as read,
     community.id as "communityId", community.name as "communityName", community.creator_key as "creatorKey",
     recipient.key as "recipientKey", recipient.id as "recipientId", recipient.username as "recipientUsername",
     recipient.erased_at is not null as "recipientErased", recipients.status as "recipientStatus",
     recipients.blocked as "recipientBlocked", recipient.key = any (community.past_creator_keys) as "recipientWasCreator",
     recipient.email, recipient.refused_email as "refusedEmail", recipient.time_zone as "timeZone", recipient.settings,
     sender.key as "senderKey", sender.id as "senderId", sender.username as "senderUsername",
     sender.avatar_url as "senderAvatarUrl", sender.erased_at is not null as "senderErased", senders.status as "senderStatus",
     senders.blocked as "senderBlocked", sender.key = any (community.past_creator_keys) as "senderWasCreator",
     exists (select from devices d where d.user_key = recipient.key) as "hasDevice",
     case when $7::boolean then (select json_agg(json_build_object('id', d.id, 'platform', d.platform, 'address', d.address, 'p256dh', d.p256dh,
        'auth', d.auth)) from devices d where d.user_key = recipient.key) end as devices
   from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], $6::bigint[]) with ordinality
     as ref (message_id, community_key, low_key, high_key, position, recipient_key, ord)
   join communities community on community.key = ref.community_key
   join conversations conversation on conversation.community_key = ref.community_key
     and conversation.low_key = ref.low_key and conversation.high_key = ref.high_key
   left join messages message on message.community_key = ref.community_key and message.id = ref.message_id
   join users recipient on recipient.key = coalesce(ref.recipient_key, message.recipient_key)
   join users sender on sender.key = case when recipient.key = ref.low_key then ref.high_key else ref.low_key end
   left join lateral (${membershipOf('recipient')}) as recipients on true
   left join lateral (${membershipOf('sender')}) as senders on true
   order by ref.ord`,
)

/**
 * The facts of messages, from one snapshot, by their ids. A message that was deleted before its recipient was known is not
 * among them.
 * @param whole whether to read the texts and the devices as well
 */
export async function factsOfMessages(
  db: Queryable,
  refs: readonly NotificationRef[],
  whole: boolean,
): Promise<Map<string, MessageFacts>> {
  const rows = await db.query(facts, [
    refs.map((ref) => ref.messageId),
    refs.map((ref) => ref.communityKey),
    refs.map((ref) => ref.lowKey),
    refs.map((ref) => ref.highKey),
    refs.map((ref) => ref.position),
    refs.map((ref) => ref.recipientKey),
    whole,
  ])
  return new Map(rows.map((row) => [row.messageId, messageFacts(row)]))
}

function messageFacts(row: Row): MessageFacts {
  const person = (who: 'sender' | 'recipient'): PersonFacts => ({
    key: row[`${who}Key`],
    erased: row[`${who}Erased`],
    isCreator: row[`${who}Key`] === row.creatorKey,
    wasCreator: row[`${who}WasCreator`],
    status: row[`${who}Status`],
    blocked: row[`${who}Blocked`] === true,
  })
  const { recipientId, recipientUsername, email, timeZone, settings } = row
  return {
    messageId: row.messageId,
    now: row.now,
    createdAt: row.createdAt,
    content: row.content,
    conversationId: row.conversationId,
    conversationBlocked: row.conversationBlocked,
    read: row.read,
    communityId: row.communityId,
    communityName: row.communityName,
    sender: {
      ...person('sender'),
      id: row.senderId,
      username: row.senderUsername,
      avatarUrl: row.senderAvatarUrl,
    },
    recipient: {
      ...person('recipient'),
      id: recipientId,
      username: recipientUsername,
      email,
      timeZone,
      settings,
    },
    addressRefused: row.email !== null && row.email === row.refusedEmail,
    hasDevice: row.hasDevice,
    devices: row.devices ?? [],
  }
}

/** The same, as the rules ask for it. */
export function notificationFacts(facts: MessageFacts, channel: Channel): NotificationFacts {
  const { createdAt, conversationBlocked, read, sender, recipient, addressRefused } = facts
  return {
    channel,
    createdAt,
    conversationBlocked,
    read,
    sender,
    recipient,
    settings: recipient.settings,
    timeZone: recipient.timeZone,
    hasAddress: recipient.email !== null,
    addressRefused,
    hasDevice: facts.hasDevice,
  }
}

const badges = sql<{ userKey: number; unread: number }>(
  'notifications.badges',
  `select place.user_key as "userKey", sum(${unreadIn('place')})::bigint as unread
   from (
     select m.user_key, m.community_key as key from members m where m.user_key = any ($1::bigint[]) and not m.blocked
     union select c.creator_key, c.key from communities c where c.creator_key = any ($1::bigint[])
     union select u.key, c.key from unnest($1::bigint[]) as u (key)
       join communities c on c.past_creator_keys @> array[u.key]
       where not exists (select from members m where m.community_key = c.key and m.user_key = u.key and m.blocked)
   ) as place group by place.user_key`,
)

/** The unread messages of users, in all their communities: what `GET /api/v1/communities` adds up to. By the users' keys. */
export async function unreadOfUsers(db: Queryable, keys: readonly number[]): Promise<Map<number, number>> {
  const rows = await db.query(badges, [keys])
  return new Map(rows.map((row) => [row.userKey, row.unread]))
}
