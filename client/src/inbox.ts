import type { Api } from './api-types.ts'
import { isKnown } from './known.ts'
import { PER_PAGE_MAX } from './lists.ts'
import { createPlaces, type Places } from './places.ts'
import type { Job, Queue } from './queue.ts'
import { createEngine, type Loading, type Store, type StoreEvent } from './store.ts'
import type { Stream } from './stream.ts'
import type { Timing } from './timing.ts'
import type { Conversation, ConversationChanged, ConversationList } from './types.ts'

export interface InboxOptions {
  filter?: 'unread' | 'awaiting_reply' | undefined
  /** A part of the other's username. */
  q?: string | undefined
  /** How many are loaded at first, and more each time: 1 to 100, default 20. */
  perPage?: number | undefined
}

export interface InboxSnapshot extends Loading {
  /** `hidden`: there is no such community, or it is none of the caller's. */
  readonly state: 'loading' | 'ready' | 'hidden'
  /** In the order of the list. */
  readonly conversations: readonly Conversation[]
  readonly total: number
  readonly hasMore: boolean
}

/** The caller's conversations in a community: the list of CONTRACT §3, live. */
export interface Inbox extends Store<InboxSnapshot> {
  /** Resolves when nothing is outstanding. */
  loadMore(): Promise<void>
}

export interface InboxDeps {
  readonly api: Pick<Api, 'conversations'>
  readonly stream: Stream
  readonly timing: Timing
}

interface Held {
  state: InboxSnapshot['state']
  total: number
  /** Told only by an answer that brings conversations as well. */
  hasMore: boolean
}

type Page = (page: number, perPage: number, signal: AbortSignal) => Promise<ConversationList>

/** An inbox, which loads at once. */
export function createInbox(deps: InboxDeps, community: string, options: InboxOptions = {}): Inbox {
  const { filter, q, perPage = 20 } = options
  const places = createPlaces()
  const held: Held = { state: 'loading', total: 0, hasMore: false }
  const list: Page = (page, size, signal) =>
    deps.api.conversations.list(community, { filter, q, page, perPage: size, signal })
  const want: Queue['want'] = (job) => engine.want(job)
  const { refetch, more, count } = jobsOf(places, held, list, perPage, want)

  /** After something came or went. With all of them held the total is known; else only the server knows it. */
  const counted = (change: number) => {
    const { length } = places.all()
    held.total = held.hasMore ? held.total + change : length
    if (held.hasMore) length < perPage ? want(more) : engine.soon(count)
  }
  const put = (conversation: Conversation, order: number) => {
    if (places.put(conversation, order)) counted(1)
  }
  const remove = (user: string) => {
    const change = places.remove(user) ? -1 : 0
    if (change || held.hasMore) counted(change)
  }
  const changed = ({ user_id, conversation, order }: ConversationChanged) => {
    const before = places.find(user_id)?.conversation
    if (!conversation) remove(user_id)
    // One that is not held, or whose message no event has told of, may be anywhere in the list.
    else if (before?.latest_message.id !== conversation.latest_message.id) want(refetch)
    else put(conversation, order)
  }
  const apply = ({ event, data }: StoreEvent) => {
    if (event === 'typing') return
    if (held.state !== 'ready' || filter || q) engine.soon(refetch)
    else if (event === 'message.created') {
      const { conversation, message, order } = data
      const before = places.find(conversation.user.id)
      const latest = before?.conversation.latest_message.id
      // What a fetch has brought lacks its place, and may be of before or after whatever else has come since.
      if (latest === message.id ? before?.order === undefined : !latest || !isKnown(message, latest))
        put(conversation, order)
    } else if (event === 'conversation.read')
      places.change(data.conversation_id, { unread_count: data.unread_count })
    else if (event === 'conversation.shown') want(refetch)
    // By the user: what had its last message deleted and began anew meanwhile is known here by another id.
    else if ('conversation_id' in data) remove(data.user_id)
    else changed(data)
  }
  const engine = createEngine<InboxSnapshot>({
    ...deps,
    community,
    apply,
    render: (loading) => ({ ...loading, ...held, conversations: places.all() }),
    fresh: () => want(refetch),
    refused() {
      places.replace([])
      Object.assign(held, { state: 'hidden', total: 0, hasMore: false })
    },
  })
  want(refetch)
  return {
    ...engine.store,
    loadMore() {
      want(more)
      return engine.store.settled()
    },
  }
}

function jobsOf(
  places: Places,
  held: Held,
  list: Page,
  perPage: number,
  want: Queue['want'],
): { refetch: Job; more: Job; count: Job } {
  const refetch: Job = async (signal) => {
    const wished = Math.max(places.all().length, perPage)
    const size = Math.min(wished, PER_PAGE_MAX)
    let last = await list(1, size, signal)
    const { total } = last
    const all = last.data
    // Pages of one moment have one total. A list that does not stand still is taken from its first page alone.
    for (let page = 2; last.has_more && all.length < wished && last.total === total; page++) {
      last = await list(page, size, signal)
      all.push(...last.data)
    }
    if (last.total !== total) all.length = size
    return () => {
      places.replace(all)
      Object.assign(held, { total, hasMore: all.length < total, state: 'ready' })
    }
  }
  const more: Job = async (signal) => {
    const { length } = places.all()
    const answer = await list(Math.floor(length / perPage) + 1, perPage, signal)
    return () => {
      // Something has moved that was not told yet: a page would not follow on what is held.
      if (answer.total !== held.total) return want(refetch)
      places.append(answer.data)
      held.hasMore = answer.has_more
    }
  }
  const count: Job = async (signal) => {
    const { total } = await list(1, 1, signal)
    return () => {
      held.total = total
      if (held.hasMore && total <= places.all().length) want(refetch)
    }
  }
  return { refetch, more, count }
}
