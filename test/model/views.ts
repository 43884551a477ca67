import { ANY, IdOf } from './match.ts'
import type { Expected } from './model.ts'
import { reasonNotToSend } from './rules.ts'
import { type Call, type Club, type Note, pairOf, type State, type Thread } from './state.ts'

type Of<Name extends Call['do']> = Extract<Call, { do: Name }>

/** The picture that the host is made to give for a name: it has to go with the person as well. */
export const avatarOf = (name: string): string => `https://pictures.example/${encodeURIComponent(name)}.png`

function userOf(state: State, id: string): object {
  const person = state.users.get(id)
  if (!person || person.erased) return { id, username: 'deleted', avatar_url: null }
  return { id, username: person.name, avatar_url: avatarOf(person.name) }
}

export function noteOf(state: State, note: Note): object {
  const { id, content, createdAt } = note
  // Erasing its sender changes a message; when, the contract does not say.
  const updated_at = content === '' ? ANY : createdAt
  return {
    id,
    content,
    created_at: createdAt,
    updated_at,
    sender: userOf(state, note.from),
    recipient: userOf(state, note.to),
  }
}

const unreadOf = (thread: Thread, who: string) => thread.notes.length - (thread.read.get(who) ?? 0)

/** What somebody's list holds: newest message first. */
function listedOf(club: Club, who: string): { thread: Thread; other: string }[] {
  return [...club.threads.values()]
    .filter(({ pair, offList }) => pair.includes(who) && !offList)
    .filter(({ pair }) => !pair.some((one) => club.members.get(one)?.blocked))
    .sort((a, b) => b.latest - a.latest)
    .map((thread) => ({ thread, other: thread.pair[thread.pair[0] === who ? 1 : 0] }))
}

export function conversationList(state: State, club: Club, call: Of<'list'>): object {
  const matching = listedOf(club, call.by).filter(({ thread, other }) => {
    if (call.filter === 'unread' && unreadOf(thread, call.by) === 0) return false
    if (call.filter === 'awaiting_reply' && thread.notes.at(-1)?.from !== other) return false
    const { username } = userOf(state, other) as { username: string }
    return call.q === null || username.toLowerCase().includes(call.q.toLowerCase())
  })
  return page(matching, call, ({ thread, other }) => conversation(state, club, thread, call.by, other))
}

function conversation(state: State, club: Club, thread: Thread, caller: string, other: string): object {
  const last = thread.notes.at(-1) as Note
  const reason = reasonNotToSend(state, club, caller, other)
  return {
    id: new IdOf(thread, state.ids),
    updated_at: last.createdAt,
    user: userOf(state, other),
    latest_message: {
      id: last.id,
      content: last.content,
      created_at: last.createdAt,
      sender: userOf(state, last.from),
    },
    unread_count: unreadOf(thread, caller),
    can_send: reason === null,
    cannot_send_reason: reason,
  }
}

/** A part of a thread; null when it is asked for by a message that is not in it. */
export function threadPart(state: State, club: Club, call: Of<'thread'>): Expected | null {
  const notes = club.threads.get(pairOf(call.by, call.with))?.notes ?? []
  const { part, size } = call
  const at =
    'page' in part ? 0 : notes.findIndex(({ id }) => id === ('before' in part ? part.before : part.after))
  if (at < 0) return null
  let first = 0
  let end = size
  if ('before' in part) [first, end] = [Math.max(at - size, 0), at]
  else if ('after' in part) [first, end] = [at + 1, at + 1 + size]
  else {
    const number = part.page === 'last' ? Math.max(Math.ceil(notes.length / size), 1) : part.page
    ;[first, end] = [(number - 1) * size, number * size]
  }
  const more = 'before' in part ? first > 0 : end < notes.length
  const data = notes.slice(first, end).map((note) => noteOf(state, note))
  return { status: 200, body: { total: notes.length, has_more: more, data } }
}

export function communityList(state: State, call: Of<'communities'>): object {
  const { by } = call
  const mine = [...state.communities.values()]
    .filter((club) => club.creator === by || club.pastCreators.has(by) || club.members.has(by))
    .filter((club) => !club.members.get(by)?.blocked)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return page(mine, call, (club) => {
    const isCreator = club.creator === by
    return {
      id: club.id,
      name: club.name,
      creator: userOf(state, club.creator),
      role: isCreator ? 'creator' : 'member',
      status: isCreator ? 'active' : (club.members.get(by)?.status ?? 'canceled'),
      unread_count: listedOf(club, by).reduce((sum, { thread }) => sum + unreadOf(thread, by), 0),
    }
  })
}

/** The numbers of the members' list; its rows have a test of their own. */
export function memberCounts(club: Club, status: string): object {
  const counts = { active: 0, canceled: 0, blocked: 0 }
  for (const member of club.members.values()) {
    const active = member.status === 'active' || member.status === 'trialing'
    counts[member.blocked ? 'blocked' : active ? 'active' : 'canceled']++
  }
  return { total: counts[status as keyof typeof counts], counts }
}

function page<T>(
  all: readonly T[],
  { page, size }: { page: number; size: number },
  show: (one: T) => object,
) {
  const end = page * size
  return { total: all.length, has_more: end < all.length, data: all.slice(end - size, end).map(show) }
}
