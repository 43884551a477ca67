import { isDeepStrictEqual } from 'node:util'
import type { InboxSnapshot, ThreadSnapshot } from '../../client/src/index.ts'
import type { TestClient } from './model-client.ts'
import type { Told, World } from './model-world.ts'

// Far beyond what anything takes: the longest is the time over which `resync` is spread.
const DEADLINE_MS = 20_000
const MOST = 100

/** What GETs answer, for everything that a client shows. */
export interface Fresh {
  readonly lists: readonly Told[]
  readonly threads: readonly Told[]
  /** For each thread, how many messages of it the other has not read; undefined: nobody here knows. */
  readonly unread: readonly (number | undefined)[]
}

/** @param turn chooses the servers that are asked */
export async function freshOf(world: World, clients: readonly TestClient[], turn: number): Promise<Fresh[]> {
  const answers = await Promise.all(
    clients.map((client, i) => askFor(world, client, (turn + i) % world.servers.length)),
  )
  const lists = new Map(
    clients.flatMap(({ user, inboxes }, i) =>
      inboxes.map(({ c }, j) => [`${user} ${c}`, answers[i]?.lists[j] as Told] as const),
    ),
  )
  return clients.map(({ user, threads }, i) => ({
    ...(answers[i] as Omit<Fresh, 'unread'>),
    unread: threads.map(({ c, other }) => {
      const list: { user: { id: string }; unread_count: number }[] =
        lists.get(`${other} ${c}`)?.body?.data ?? []
      return list.find((conversation) => conversation.user.id === user)?.unread_count
    }),
  }))
}

async function askFor(world: World, client: TestClient, server: number): Promise<Omit<Fresh, 'unread'>> {
  const get = (path: string) =>
    world.call(server, 'GET', `/api/v1/communities/${path}?per_page=${MOST}`, { as: client.user })
  const [lists, threads] = await Promise.all([
    Promise.all(client.inboxes.map(({ c }) => get(`${c}/messages/conversations`))),
    Promise.all(client.threads.map(({ c, other }) => get(`${c}/messages/${other}`))),
  ])
  return { lists, threads }
}

/** Where what a client shows is not what GETs answer, in words; null: nowhere. */
export function difference(client: TestClient, fresh: Fresh): string | null {
  if (client.snug.stream.state !== 'live')
    return `the stream of ${client.user} is ${client.snug.stream.state}`
  for (const [i, { c, store }] of client.inboxes.entries()) {
    const fault = listDiffers(store.getSnapshot(), fresh.lists[i] as Told)
    if (fault) return `the inbox ${c} of ${client.user}: ${fault}`
  }
  for (const [i, { c, other, store }] of client.threads.entries()) {
    const unread = fresh.unread[i]
    const fault =
      threadDiffers(store.getSnapshot(), fresh.threads[i] as Told) ??
      (unread === undefined ? null : markDiffers(store.getSnapshot(), unread, client.steady))
    if (fault) return `the thread ${c} ${other} of ${client.user}: ${fault}`
  }
  return null
}

function listDiffers(shown: InboxSnapshot, { status, body }: Told): string | null {
  if (shown.loading) return 'it is loading'
  if (status !== 200)
    return shown.state === 'hidden' && shown.total === 0 ? null : `GET ${status}, shown is ${shown.state}`
  if (shown.state !== 'ready') return `it is ${shown.state}`
  const { conversations, total, hasMore } = shown
  const expected = body.data.slice(0, conversations.length)
  if (!isDeepStrictEqual(conversations, expected)) return told(conversations, expected)
  if (total !== body.total) return `total ${total}, GET ${body.total}`
  const more = conversations.length < body.total
  if (hasMore !== more || (more && conversations.length === 0))
    return `${conversations.length} of ${total} are shown, hasMore is ${hasMore}`
  return null
}

function threadDiffers(shown: ThreadSnapshot, { status, body }: Told): string | null {
  if (shown.loading) return 'it is loading'
  const { messages, total, hasOlder, hasNewer } = shown
  const empty = messages.length === 0 && total === 0
  if (status !== 200) return empty ? null : `GET ${status}, ${messages.length} of ${total} are shown`
  // A thread without messages has no events: whether it may be seen is told to whoever asks.
  if (empty && body.total === 0) return null
  if (shown.state !== 'ready') return `it is ${shown.state}`
  if (total !== body.total) return `total ${total}, GET ${body.total}`
  if (hasNewer || (total > 0 && messages.length === 0)) return `of ${total} the newest are not shown`
  const start = total - messages.length
  if (hasOlder !== start > 0) return `hasOlder is ${hasOlder} with ${messages.length} of ${total}`
  const expected = body.data.slice(start).map((message: object, i: number) => {
    return { ...message, position: start + i + 1, status: 'sent' }
  })
  const plain = messages.map((message) => {
    const { localId, error, ...rest } = message
    return rest
  })
  return isDeepStrictEqual(plain, expected) ? null : told(plain, expected)
}

const told = (shown: unknown, expected: unknown) =>
  `shown is\n  ${JSON.stringify(shown)}\n  GET\n  ${JSON.stringify(expected)}`

/**
 * How far the other has read is told, and never fetched: it is compared with what the other has unread. Where a client has missed some
 * of it, it may be behind, and never ahead.
 */
function markDiffers({ readByOther, total }: ThreadSnapshot, unread: number, steady: boolean): string | null {
  const position = readByOther?.position ?? null
  const read = total - unread
  if (position === null || (steady ? position === read : position <= read)) return null
  return `the other has read up to ${read}, shown is ${position}`
}

/** Resolves when the client shows what GETs answer and nothing is under way. @returns in words what differs when it is not so in time */
export async function agrees(client: TestClient, fresh: Fresh): Promise<string | null> {
  const stores = [...client.inboxes, ...client.threads].map(({ store }) => store)
  const until = Date.now() + DEADLINE_MS
  for (;;) {
    const changed = nextChange(client, until - Date.now())
    const fault = difference(client, fresh)
    if (fault === null) {
      changed.cancel()
      await Promise.all(stores.map((store) => store.settled()))
      const after = difference(client, fresh)
      if (after === null) return null
    }
    if (Date.now() >= until) return fault ?? 'it does not come to rest'
    if (fault !== null) await changed.came
  }
}

function nextChange(client: TestClient, withinMs: number) {
  const ends: (() => void)[] = []
  const cancel = () => {
    for (const end of ends.splice(0)) end()
  }
  const came = new Promise<void>((resolve) => {
    const done = () => {
      cancel()
      resolve()
    }
    const timer = setTimeout(done, Math.max(withinMs, 0))
    ends.push(() => clearTimeout(timer), client.snug.stream.onState(done))
    for (const { store } of [...client.inboxes, ...client.threads]) ends.push(store.subscribe(done))
  })
  return { came, cancel }
}
