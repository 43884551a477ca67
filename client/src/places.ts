import { same } from './known.ts'
import type { Conversation } from './types.ts'

interface Entry {
  readonly conversation: Conversation
  /** Its place in the list, a greater one being nearer to the top; undefined while no event has told of it. */
  readonly order: number | undefined
}

// The places of so many conversations are remembered beyond a fetch.
const ORDERS_MAX = 2_000

/**
 * Conversations in the order of the list. A fetch has the order of its moment, and an event tells the place of one conversation
 * alone, by a number that a fetch does not tell.
 */
export function createPlaces() {
  let entries: Entry[] = []
  // By conversation. It holds as long as the latest message is this one.
  const orders = new Map<string, [message: string, order: number]>()

  // The two have one conversation, and begin another when it has lost its last message.
  const indexWith = (user: string) => entries.findIndex(({ conversation }) => conversation.user.id === user)
  const find = (user: string): Entry | undefined => entries[indexWith(user)]
  // For many at once: looking for each in a list of 100,000 would take longer than a frame.
  const byUser = () => new Map(entries.map((one) => [one.conversation.user.id, one]))
  const entryOf = (conversation: Conversation, held?: Entry): Entry => {
    const [message, order] = orders.get(conversation.id) ?? []
    return {
      conversation: same(held?.conversation, conversation) ? held!.conversation : conversation,
      order: message === conversation.latest_message.id ? order : undefined,
    }
  }
  return {
    /** The one with a user. */
    find,
    all: () => entries.map(({ conversation }) => conversation),
    /** Takes what a fetch has found. */
    replace(conversations: readonly Conversation[]) {
      const all = new Map(conversations.map((one) => [one.user.id, one]))
      const held = byUser()
      entries = [...all.values()].map((one) => entryOf(one, held.get(one.user.id)))
    },
    /** The same, of what follows. */
    append(conversations: readonly Conversation[]) {
      const held = byUser()
      for (const one of conversations) if (!held.has(one.user.id)) entries.push(entryOf(one))
    },
    /** Takes what an event tells. @returns whether it is new to the list */
    put(conversation: Conversation, order: number): boolean {
      const { id, latest_message } = conversation
      orders.delete(id)
      orders.set(id, [latest_message.id, order])
      if (orders.size > ORDERS_MAX) orders.delete(orders.keys().next().value as string)
      const at = indexWith(conversation.user.id)
      const held = entries[at]
      const entry = entryOf(conversation, held)
      const moves = held?.conversation.latest_message.id !== latest_message.id
      // News goes above what no event has told of, which was there before. Anything else is where a fetch has found it, unless
      // an older one has been put above it.
      if (held) entries.splice(at, 1)
      const below = entries.findIndex((one) => (one.order === undefined ? moves : one.order < order))
      const to = below < 0 ? entries.length : below
      entries.splice(moves ? to : Math.min(to, at), 0, entry)
      return !held
    },
    /** Changes one in its place. */
    change(id: string, change: Partial<Conversation>) {
      entries = entries.map((one) =>
        one.conversation.id === id ? { ...one, conversation: { ...one.conversation, ...change } } : one,
      )
    },
    /** @returns whether it was there */
    remove(user: string): boolean {
      const at = indexWith(user)
      return at >= 0 && entries.splice(at, 1).length > 0
    },
  }
}

export type Places = ReturnType<typeof createPlaces>
