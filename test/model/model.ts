import { isFresh } from './match.ts'
import { mayRead, maySend, removeUser, standing } from './rules.ts'
import { type Call, type Club, type Note, pairOf, type State, type Thread, type Told } from './state.ts'
import { communityList, conversationList, memberCounts, noteOf, threadPart } from './views.ts'

/** What has to be answered. `body` absent: the contract leaves it open. */
export interface Expected {
  readonly status: number
  readonly body?: unknown
  readonly replayed?: boolean
}

const NOT_FOUND: Expected = { status: 404, body: { message: 'Not Found' } }
const UNKNOWN_USER: Expected = { status: 401, body: { message: 'Unknown User' } }
const CANNOT_SEND: Expected = { status: 403, body: { message: ['You cannot send messages to this user'] } }
const CANNOT_VIEW: Expected = { status: 403, body: { message: ['You cannot view messages with this user'] } }
const NOT_A_MEMBER: Expected = { status: 403, body: { message: ['You are not a member of this community'] } }
const forbidden = (message: string): Expected => ({ status: 403, body: { message } })

type Of<Name extends Call['do']> = Extract<Call, { do: Name }>

/**
 * Answers a call by the contract and changes the state as the call does. What only the server can choose (a message's id
 * and time) is taken from `told`, the answer that it gave.
 */
export function answer(state: State, call: Call, told: Told): Expected {
  switch (call.do) {
    case 'member':
      return putMember(state, call)
    case 'creator':
      return putCreator(state, call)
    case 'erase':
      if (!state.users.has(call.who)) return NOT_FOUND
      removeUser(state, call.who)
      return { status: 204 }
    case 'tell': {
      const known = state.users.has(call.who)
      state.users.set(call.who, { id: call.who, name: call.name, erased: false })
      return { status: known ? 200 : 201 }
    }
  }
  const caller = 'by' in call ? call.by : null
  if (caller !== null && (state.users.get(caller)?.erased ?? true)) return UNKNOWN_USER
  if (call.do === 'communities') return { status: 200, body: communityList(state, call) }
  const club = state.communities.get(call.c)
  if (!club) return NOT_FOUND
  switch (call.do) {
    case 'send':
      return send(state, club, call, told)
    case 'delete':
      return remove(state, club, call)
    case 'read':
      return read(state, club, call)
    case 'block':
    case 'unblock':
      return block(club, call)
    case 'members':
      if (call.by !== club.creator) return forbidden("You don't have permission to view community members")
      return { status: 200, body: memberCounts(club, call.status) }
    case 'list':
      if (standing(state, club, call.by) === 'stranger') return NOT_A_MEMBER
      return { status: 200, body: conversationList(state, club, call) }
    case 'thread':
      if (!mayRead(state, club, call.by, call.with)) return CANNOT_VIEW
      return threadPart(state, club, call) ?? { status: 422 }
  }
}

function send(state: State, club: Club, call: Of<'send'>, told: Told): Expected {
  if (call.content.trim() === '') return { status: 422, body: { message: ["Content can't be blank"] } }
  const key = `${call.by} ${call.key}`
  const known = call.key === null ? undefined : club.keys.get(key)
  if (known) return again(state, club, call, known)
  if (!maySend(state, club, call.by, call.to)) return CANNOT_SEND
  const thread = club.threads.get(pairOf(call.by, call.to)) ?? newThread(club, call.by, call.to)
  const { id, created_at: createdAt } = told.body
  const last = thread.notes.at(-1)
  // Ids order a conversation, whichever server made them.
  if (!isFresh(id, state.ids) || (last && id < last.id))
    return { status: 201, body: 'a message with a new and greater id' }
  state.ids.add(id)
  const note: Note = { id, from: call.by, to: call.to, content: call.content, createdAt }
  thread.notes.push(note)
  thread.read.set(call.by, thread.notes.length)
  thread.offList = false
  thread.latest = ++state.clock
  if (call.key !== null) club.keys.set(key, note)
  return { status: 201, body: noteOf(state, note), replayed: false }
}

function again(state: State, club: Club, call: Of<'send'>, known: Note): Expected {
  const standing = club.threads.get(pairOf(known.from, known.to))?.notes.find((note) => note.id === known.id)
  if (!standing) return { status: 409, body: { message: ['The message was sent and then deleted'] } }
  if (known.to !== call.to || known.content !== call.content)
    return { status: 409, body: { message: ['Idempotency-Key was used for another message'] } }
  return { status: 201, body: noteOf(state, standing), replayed: true }
}

function newThread(club: Club, one: string, other: string): Thread {
  const read = new Map([
    [one, 0],
    [other, 0],
  ])
  const thread: Thread = { id: null, pair: [one, other], notes: [], read, offList: false, latest: 0 }
  club.threads.set(pairOf(one, other), thread)
  return thread
}

function remove(_state: State, club: Club, call: Of<'delete'>): Expected {
  const found = [...club.threads.values()].find(({ notes }) => notes.some((note) => note.id === call.message))
  if (!found) return NOT_FOUND
  const note = found.notes.find(({ id }) => id === call.message)
  const hidden = found.pair.some((who) => club.members.get(who)?.blocked)
  if (!found.pair.includes(call.by) || hidden) return forbidden('You do not have access to this message')
  if (note?.from !== call.by) return forbidden('You can only delete your own messages')
  if (found.notes.at(-1) !== note) return forbidden('You can only delete the last message in a conversation')
  found.notes.pop()
  found.offList = true
  for (const [who, count] of found.read) found.read.set(who, Math.min(count, found.notes.length))
  if (found.notes.length === 0) club.threads.delete(pairOf(...found.pair))
  return { status: 200, body: { message: 'Message deleted successfully' } }
}

function read(state: State, club: Club, call: Of<'read'>): Expected {
  if (!mayRead(state, club, call.by, call.with)) return CANNOT_VIEW
  const thread = club.threads.get(pairOf(call.by, call.with))
  const position = (thread?.notes.findIndex(({ id }) => id === call.message) ?? -1) + 1
  if (!thread || position === 0) return { status: 422 }
  thread.read.set(call.by, Math.max(thread.read.get(call.by) ?? 0, position))
  return { status: 200, body: { unread_count: thread.notes.length - (thread.read.get(call.by) ?? 0) } }
}

function block(club: Club, call: Of<'block' | 'unblock'>): Expected {
  if (call.by !== null && call.by !== club.creator)
    return forbidden("You don't have permission to view community members")
  const member = club.members.get(call.who)
  if (!member) return NOT_FOUND
  const blocked = call.do === 'block'
  // The creator counts as active in the own community, always.
  if (blocked && call.who === club.creator) return { status: 422 }
  if (member.blocked === blocked)
    return { status: 422, body: { message: blocked ? 'User is already blocked' : 'User is not blocked' } }
  const now = { status: blocked ? 'canceled' : member.status, blocked }
  club.members.set(call.who, now)
  return { status: 200, body: { user: call.who, status: now.status, is_blocked: blocked } }
}

function putMember(state: State, { c, who, status }: Of<'member'>): Expected {
  const club = state.communities.get(c)
  if (!club || (state.users.get(who)?.erased ?? true)) return NOT_FOUND
  const member = club.members.get(who)
  const now = { status, blocked: member?.blocked ?? false }
  club.members.set(who, now)
  return { status: member ? 200 : 201, body: { user: who, status, is_blocked: now.blocked } }
}

function putCreator(state: State, { c, who }: Of<'creator'>): Expected {
  const club = state.communities.get(c)
  if (state.users.get(who)?.erased ?? true) return { status: 422 }
  if (!club) {
    const fresh = { pastCreators: new Set<string>(), members: new Map(), threads: new Map(), keys: new Map() }
    state.communities.set(c, { id: c, name: `Club ${c}`, creator: who, ...fresh })
    return { status: 201 }
  }
  if (club.creator === who) return { status: 200 }
  club.pastCreators.add(club.creator)
  club.creator = who
  const member = club.members.get(who)
  if (member?.blocked) club.members.set(who, { ...member, blocked: false })
  return { status: 200 }
}
