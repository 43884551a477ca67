import { erasedPerson, personOf, type SentMessage } from './client.ts'
import type { Figure, World } from './matrix-world.ts'

// CONTRACT §2 written down a second time, from its table and sentences alone: nothing here comes from src/.

export interface Expected {
  readonly status: number
  readonly body: unknown
}

/** All that the rules depend on. */
export type Standing = Omit<Figure, 'id' | 'told' | 'status'> & { readonly status: string | null }

type Kind = 'creator' | 'active' | 'former' | 'blocked' | 'stranger'

/** What an answer's own ids and times are replaced by before it is compared. */
export const ANY = '…'

export const UNKNOWN_USER: Expected = { status: 401, body: { message: 'Unknown User' } }
export const NOT_FOUND: Expected = { status: 404, body: { message: 'Not Found' } }
export const CANNOT_SEND: Expected = {
  status: 403,
  body: { message: ['You cannot send messages to this user'] },
}
export const CANNOT_VIEW: Expected = {
  status: 403,
  body: { message: ['You cannot view messages with this user'] },
}
export const NOT_A_MEMBER: Expected = {
  status: 403,
  body: { message: ['You are not a member of this community'] },
}
export const NOT_THE_CREATOR: Expected = {
  status: 403,
  body: { message: "You don't have permission to view community members" },
}

function kindOf(figure: Standing): Kind {
  // "The creator counts as active in the own community, always."
  if (figure.isCreator) return figure.erased ? 'former' : 'creator'
  if (figure.blocked) return 'blocked'
  // "The old creator reads on like a former member"
  if (figure.status === null) return figure.wasCreator ? 'former' : 'stranger'
  if (figure.erased) return 'former'
  return figure.status === 'active' || figure.status === 'trialing' ? 'active' : 'former'
}

/** The table's rows: [read the thread, send]. What stands in none is refused. */
const TABLE: Partial<Record<string, readonly [number, number]>> = {
  'creator → active': [200, 201],
  'creator → former': [200, 403],
  'creator → blocked': [403, 403],
  'creator → stranger': [403, 403],
  'active → creator': [200, 201],
  'former → creator': [200, 403],
  'blocked → creator': [403, 403],
}

/** Somebody who may call at all; everybody else is answered 401 before anything else. */
export const mayCall = (caller: Figure) => caller.told && !caller.erased

export function conversationOf(world: World, a: Figure, b: Figure): SentMessage[] {
  return world.spoken.filter(
    ({ sender, recipient }) =>
      (sender.id === a.id && recipient.id === b.id) || (sender.id === b.id && recipient.id === a.id),
  )
}

/** Whether two different people may read and send, as the statuses that the endpoints answer. */
export function permissionsOf(
  caller: Standing,
  other: Standing,
  haveTalked: boolean,
): readonly [read: number, send: number] {
  const kinds = [kindOf(caller), kindOf(other)]
  if (kinds.includes('blocked') || kinds.includes('stranger')) return [403, 403]
  // Erased, the creator is read like a former member is, whoever asks.
  if (other.isCreator && other.erased) return [200, 403]
  const row = TABLE[kinds.join(' → ')]
  if (row) return row
  // "the old creator's conversations stay the old creator's … and so do the members in those threads"
  return haveTalked ? [200, 403] : [403, 403]
}

/** @param other undefined: an id that the host never told of, or that cannot be one */
function permissions(world: World, caller: Figure, other: Figure | undefined): readonly [number, number] {
  if (!other?.told || caller === other) return [403, 403]
  return permissionsOf(caller, other, conversationOf(world, caller, other).length > 0)
}

const shown = (figure: Figure) => (figure.erased ? erasedPerson(figure.id) : personOf(figure.id))

const textOf = (world: World, message: SentMessage) =>
  world.figures.find((one) => one.id === message.sender.id)?.erased ? '' : message.content

export function expectThread(world: World, caller: Figure, other: Figure | undefined): Expected {
  if (!mayCall(caller)) return UNKNOWN_USER
  if (permissions(world, caller, other)[0] !== 200) return CANNOT_VIEW
  const messages = conversationOf(world, caller, other as Figure)
  const data = messages.map((message) => ({
    id: message.id,
    content: textOf(world, message),
    created_at: ANY,
    updated_at: ANY,
    sender: shown((message.sender.id === caller.id ? caller : other) as Figure),
    recipient: shown((message.sender.id === caller.id ? other : caller) as Figure),
  }))
  return { status: 200, body: { total: data.length, has_more: false, data } }
}

export function expectSend(
  world: World,
  caller: Figure,
  other: Figure | undefined,
  content: string,
): Expected {
  if (!mayCall(caller)) return UNKNOWN_USER
  if (permissions(world, caller, other)[1] !== 201) return CANNOT_SEND
  const [sender, recipient] = [shown(caller), shown(other as Figure)]
  return { status: 201, body: { id: ANY, content, created_at: ANY, updated_at: ANY, sender, recipient } }
}

/** Marking the thread read up to its last message, or with a message that is not in it. */
export function expectRead(
  world: World,
  caller: Figure,
  other: Figure | undefined,
  inThread: boolean,
): Expected {
  if (!mayCall(caller)) return UNKNOWN_USER
  if (permissions(world, caller, other)[0] !== 200) return CANNOT_VIEW
  if (!inThread) return { status: 422, body: { message: ['Message is not in this thread'] } }
  return { status: 200, body: { unread_count: 0 } }
}

export function expectList(world: World, caller: Figure): Expected {
  if (!mayCall(caller)) return UNKNOWN_USER
  if (kindOf(caller) === 'stranger') return NOT_A_MEMBER
  const talks = world.figures
    .map((other) => ({ other, messages: other === caller ? [] : conversationOf(world, caller, other) }))
    .filter(
      ({ other, messages }) =>
        messages.length > 0 && ![caller, other].some((one) => kindOf(one) === 'blocked'),
    )
    .map(({ other, messages }) => ({
      other,
      messages,
      at: world.spoken.indexOf(messages.at(-1) as SentMessage),
    }))
  talks.sort((a, b) => b.at - a.at)
  const data = talks.map(({ other, messages }) => {
    const latest = messages.at(-1) as SentMessage
    const mine = messages.findLastIndex((message) => message.sender.id === caller.id)
    const can_send = permissions(world, caller, other)[1] === 201
    const reason = caller.isCreator || other.isCreator ? 'membership_ended' : 'creator_changed'
    return {
      id: ANY,
      updated_at: ANY,
      user: shown(other),
      latest_message: {
        ...{ id: latest.id, content: textOf(world, latest), created_at: ANY },
        sender: shown(latest.sender.id === caller.id ? caller : other),
      },
      // Sending marks everything before it read.
      unread_count: messages.length - 1 - mine,
      can_send,
      cannot_send_reason: can_send ? null : reason,
    }
  })
  return { status: 200, body: { total: data.length, has_more: false, data } }
}

/** Deleting a message of a conversation of two people, which may or may not be the caller's. */
export function expectDelete(
  caller: Figure,
  pair: readonly [Figure, Figure],
  message: SentMessage,
  isLast: boolean,
): Expected {
  const refuse = (message: string): Expected => ({ status: 403, body: { message } })
  if (!mayCall(caller)) return UNKNOWN_USER
  const hidden = pair.some((one) => kindOf(one) === 'blocked')
  if (!pair.includes(caller) || hidden) return refuse('You do not have access to this message')
  if (message.sender.id !== caller.id) return refuse('You can only delete your own messages')
  if (!isLast) return refuse('You can only delete the last message in a conversation')
  return { status: 200, body: { message: 'Message deleted successfully' } }
}

/** What everybody but the creator is answered by the members' endpoints; null for the creator. */
export function expectRefusedMembers(caller: Figure): Expected | null {
  if (!mayCall(caller)) return UNKNOWN_USER
  return caller.isCreator ? null : NOT_THE_CREATOR
}

export function expectRefusedInsights(caller: Figure): Expected | null {
  if (!mayCall(caller)) return UNKNOWN_USER
  return caller.isCreator
    ? null
    : { status: 403, body: { message: "You don't have permission to view insights" } }
}

/** The member as the creator sees it, its own ids and times aside; null for somebody without a membership. */
export function expectMember(
  other: Figure | undefined,
): { status: string; is_blocked: boolean; user: object } | null {
  if (!other || other.status === null) return null
  const { id, username, avatar_url } = shown(other)
  const user = { id, name: null, username, email: null, avatar_url }
  return { status: other.status, is_blocked: other.blocked, user }
}
