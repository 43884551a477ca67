import { type Club, pairOf, type State } from './state.ts'

export type Standing = 'creator' | 'active' | 'former' | 'blocked' | 'stranger'

/** The kinds of people of the contract's section 2. */
export function standing(state: State, club: Club, who: string): Standing {
  const person = state.users.get(who)
  if (!person) return 'stranger'
  if (club.creator === who) return person.erased ? 'former' : 'creator'
  const member = club.members.get(who)
  if (member?.blocked) return 'blocked'
  if (!member && !club.pastCreators.has(who)) return 'stranger'
  const active = !person.erased && (member?.status === 'active' || member?.status === 'trialing')
  return active ? 'active' : 'former'
}

/** The table's column "send". */
export function maySend(state: State, club: Club, from: string, to: string): boolean {
  const both = [standing(state, club, from), standing(state, club, to)]
  return from !== to && both.includes('creator') && both.includes('active')
}

/** The table's column "read the thread", and what it says below about communities that change hands. */
export function mayRead(state: State, club: Club, caller: string, other: string): boolean {
  const both = [standing(state, club, caller), standing(state, club, other)]
  if (caller === other || both.includes('stranger') || both.includes('blocked')) return false
  return caller === club.creator || other === club.creator || club.threads.has(pairOf(caller, other))
}

/** Why a listed conversation takes no messages. */
export function reasonNotToSend(state: State, club: Club, caller: string, other: string): string | null {
  if (maySend(state, club, caller, other)) return null
  return caller === club.creator || other === club.creator ? 'membership_ended' : 'creator_changed'
}

/** Erases a person: the texts, the memberships and what the keys were used for go, the messages keep their places. */
export function removeUser(state: State, who: string): void {
  state.users.set(who, { id: who, name: 'deleted', erased: true })
  for (const club of state.communities.values()) {
    const member = club.members.get(who)
    if (member) club.members.set(who, { ...member, status: 'canceled' })
    for (const thread of club.threads.values())
      thread.notes = thread.notes.map((note) => (note.from === who ? { ...note, content: '' } : note))
    for (const [key, note] of club.keys) if (note.from === who) club.keys.delete(key)
  }
}
