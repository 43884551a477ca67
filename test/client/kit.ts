import assert from 'node:assert/strict'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { after } from 'node:test'
import {
  type Inbox,
  type InboxOptions,
  Snug,
  type SnugOptions,
  type Store,
  type Stream,
  type StreamState,
  type Thread,
} from '../../client/src/index.ts'
import type { TestSnug } from '../kit.ts'

/** A client of a user's. Nothing in it waits for longer than it must. */
export function clientOf(snug: TestSnug, userId: string, options: Partial<SnugOptions> = {}): Snug {
  const client = new Snug({
    url: snug.snug.url,
    token: () => snug.token(userId),
    random: () => 0.01,
    ...options,
  })
  after(() => client.stream.close())
  return client
}

/** Waits until what a store shows is as it should be. */
export function until<S>(store: Store<S>, holds: (snapshot: S) => boolean): Promise<S> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      end()
      reject(new Error(`never so: ${JSON.stringify(store.getSnapshot())}`))
    }, 20_000)
    const look = () => {
      const snapshot = store.getSnapshot()
      if (!holds(snapshot)) return
      clearTimeout(late)
      end()
      resolve(snapshot)
    }
    const end = store.subscribe(look)
    look()
  })
}

/** Waits until the stream's state is this. */
export function state(stream: Stream, wanted: StreamState): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.state === wanted) return resolve()
    const late = setTimeout(() => reject(new Error(`it is ${stream.state}, never ${wanted}`)), 60_000)
    const end = stream.onState((now) => {
      if (now !== wanted) return
      clearTimeout(late)
      end()
      resolve()
    })
  })
}

/** A line to the server that can be cut. */
export interface Line {
  readonly url: string
  /** Ends all connections. */
  cut(): void
  /** While it is closed, nobody gets through. */
  closed: boolean
  /** Nothing goes through any more, and nobody is told. */
  freeze(): void
  readonly connections: number
}

export async function lineTo(url: string): Promise<Line> {
  const { hostname, port } = new URL(url)
  const pairs = new Set<readonly [Socket, Socket]>()
  let connections = 0
  const proxy = {
    closed: false,
    url: '',
    get connections() {
      return connections
    },
    cut() {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
    freeze() {
      for (const [near, far] of pairs) {
        far.unpipe(near)
        near.unpipe(far)
        near.pause()
      }
    },
  }
  const server = createServer((near) => {
    near.on('error', () => {})
    if (proxy.closed) return near.destroy()
    connections++
    const far = dial(Number(port), hostname)
    far.on('error', () => {})
    const pair = [near, far] as const
    pairs.add(pair)
    near.pipe(far)
    far.pipe(near)
    near.on('close', () => {
      pairs.delete(pair)
      far.destroy()
    })
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    proxy.cut()
    server.close()
  })
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return proxy
}

/** A promise that is settled from outside. */
export function gate<T = void>() {
  let open: (value: T) => void = () => {}
  const promise = new Promise<T>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

/** Asks again until it holds, for as long as 20 s. @throws what it failed with last */
export async function eventually(check: () => Promise<void> | void): Promise<void> {
  const end = Date.now() + 20_000
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

/** What a thread shows has to be what GETs answer, once it is at rest. */
export async function assertFreshThread(client: Snug, thread: Thread, community: string, user: string) {
  await thread.settled()
  const { total, state, hasOlder, hasNewer, ...shown } = thread.getSnapshot()
  const messages = shown.messages.filter(({ status }) => status !== 'failed')
  const all = await Array.fromAsync(client.messages.iterate(community, user)).catch((error) => {
    if (error.status === 403 || error.status === 404) return null
    // Erased: nobody tells them any more.
    if (error.status === 401) return undefined
    throw error
  })
  if (all === undefined) return
  // Nobody is told when two who never wrote may no longer write: an empty thread stays an empty one.
  if (all === null) return assert.deepEqual([messages, total], [[], 0])
  assert.equal(state, 'ready')
  assert.equal(total, all.length)
  const start = messages[0]?.position ?? 1
  const plain = messages.map(({ position, status, localId, error, ...message }) => {
    assert.deepEqual([status, localId, error], ['sent', undefined, undefined])
    return message
  })
  assert.deepEqual(plain, all.slice(start - 1, start - 1 + messages.length))
  assert.deepEqual(
    messages.map(({ position }) => position),
    messages.map((_, i) => start + i),
  )
  assert.equal(hasOlder, start > 1)
  assert.equal(hasNewer, messages.length > 0 && start - 1 + messages.length < total)
}

/** What an inbox shows has to be what GETs answer, once it is at rest. */
export async function assertFreshInbox(
  client: Snug,
  inbox: Inbox,
  community: string,
  query: InboxOptions = {},
) {
  await inbox.settled()
  const { conversations, total, hasMore, state } = inbox.getSnapshot()
  const { filter, q } = query
  const all = await Array.fromAsync(client.conversations.iterate(community, { filter, q }))
  assert.equal(state, 'ready')
  assert.deepEqual(conversations, all.slice(0, conversations.length))
  assert.equal(total, all.length)
  assert.equal(hasMore, conversations.length < all.length)
  assert.ok(conversations.length >= Math.min(query.perPage ?? 20, total), 'too few')
}
