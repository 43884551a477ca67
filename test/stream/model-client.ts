import { WebSocket } from 'ws'
import {
  type Inbox,
  Snug,
  type Thread,
  type WebSocketClass,
  type WebSocketLike,
} from '../../client/src/index.ts'
import { Wire } from './model-wire.ts'
import type { Told, World } from './model-world.ts'

// The client's waits are for servers that are far away and busy: here they are shortened, so that a history takes no seconds. Those that
// tell a dead connection stay as they are, and keep no process alive.
const SHORTER = 50
const LONG_MS = 20_000
const timers = {
  setTimeout(work: () => void, milliseconds: number) {
    const timer = setTimeout(work, milliseconds < LONG_MS ? milliseconds / SHORTER : milliseconds)
    return milliseconds < LONG_MS ? timer : timer.unref()
  },
  clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
}

export interface ClientPlan {
  readonly transport: 'websocket' | 'sse'
  /** How much the inboxes and the threads load at first. */
  readonly perPage: number
  readonly inboxes: readonly string[]
  readonly threads: readonly { readonly c: string; readonly other: string }[]
}

/** Somebody's client: the real one, with what it shows, and a line that can be cut. */
export interface TestClient {
  readonly user: string
  readonly snug: Snug
  readonly wire: Wire
  readonly inboxes: readonly { readonly c: string; readonly store: Inbox }[]
  readonly threads: readonly { readonly c: string; readonly other: string; readonly store: Thread }[]
  /** From whom was typing heard, as `community user`. */
  readonly typing: Set<string>
  /** The server that it is connected to, or was last. */
  readonly server: number
  readonly away: boolean
  /** It was never away, and never had to fetch everything anew. */
  readonly steady: boolean
  cut(): void
  /** Lets it come back, to this server. */
  comeBack(server: number): void
  /** Resolves when everything that the server has sent has come. */
  drained(): Promise<void>
  close(): void
}

export function newClient(world: World, user: string, plan: ClientPlan, server: number): TestClient {
  const line = new Line(world, server)
  const { transport, perPage } = plan
  const snug = new Snug({
    // Which server that is, the line says.
    url: 'http://snug.test',
    token: () => world.token(user),
    fetch: line.fetch as typeof fetch,
    WebSocket: line.socketClass(),
    transport,
    timers,
  })
  const wire = new Wire()
  line.began = () => wire.begin()
  const typing = new Set<string>()
  snug.stream.on('*', (event) => {
    wire.take(event)
    if (event.event === 'typing') typing.add(`${event.data.community_id} ${event.data.user_id}`)
  })
  const inboxes = plan.inboxes.map((c) => ({ c, store: snug.inbox(c, { perPage }) }))
  const threads = plan.threads.map(({ c, other }) => ({
    c,
    other,
    store: snug.thread(c, other, { perPage }),
  }))
  let cuts = 0
  return {
    user,
    snug,
    wire,
    inboxes,
    threads,
    typing,
    get server() {
      return line.server
    },
    get away() {
      return line.away
    },
    get steady() {
      return cuts === 0 && wire.resyncs === 0
    },
    cut() {
      cuts++
      line.cut()
    },
    comeBack: (to) => line.comeBack(to),
    drained: () => line.drained(),
    close() {
      for (const { store } of [...inboxes, ...threads]) store.close()
      snug.stream.close()
      line.cut()
    },
  }
}

/** All that a client has to the outside: requests without a socket, and a stream by a real one, which can be cut. */
class Line {
  server: number
  away = false
  began = () => {}
  readonly #world: World
  #waiting: (() => void)[] = []
  #socket: WebSocket | null = null
  #events: AbortController | null = null

  constructor(world: World, server: number) {
    this.#world = world
    this.server = server
  }

  cut(): void {
    this.away = true
    this.#socket?.terminate()
    this.#events?.abort()
  }

  comeBack(server: number): void {
    this.server = server
    this.away = false
    for (const start of this.#waiting.splice(0)) start()
  }

  async drained(): Promise<void> {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return
    await new Promise<void>((resolve) => {
      socket.once('pong', () => resolve())
      socket.once('close', () => resolve())
      socket.ping()
    })
  }

  get #url(): string {
    return this.#world.servers[this.server]?.url as string
  }

  /** Runs it as soon as there is a network. */
  #whenThere(start: () => void): void {
    if (this.away) this.#waiting.push(start)
    else start()
  }

  socketClass(): WebSocketClass {
    const connect = (socket: GatedSocket, url: string, protocols: string[]) =>
      this.#whenThere(() => {
        if (socket.closed) return
        this.began()
        const real = new WebSocket(url.replace('ws://snug.test', this.#url.replace('http', 'ws')), protocols)
        this.#socket = real
        socket.attach(real)
      })
    return class extends GatedSocket {
      constructor(url: string, protocols: string[]) {
        super()
        connect(this, url, protocols)
      }
    }
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<unknown> => {
    const path = url.replace('http://snug.test', '')
    if (path.startsWith('/api/v1/stream')) return this.#openEvents(path, init)
    const { authorization, ...headers } = init.headers as Record<string, string>
    const user = userOf(authorization as string)
    const asked = { as: user, headers, ...(init.body != null && { body: init.body }) }
    return responseOf(await this.#world.call(this.server, init.method ?? 'GET', path, asked))
  }

  async #openEvents(path: string, init: RequestInit): Promise<Response> {
    await new Promise<void>((resolve) => this.#whenThere(resolve))
    this.began()
    this.#events = new AbortController()
    const signal = AbortSignal.any([this.#events.signal, init.signal as AbortSignal])
    return fetch(this.#url + path, { ...init, signal })
  }
}

/** Of the token: whose it is. */
function userOf(authorization: string): string {
  const payload = authorization.split('.')[1] as string
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).sub
}

/** What the client uses of a Response. */
const responseOf = ({ status, body, header }: Told) => ({
  ok: status < 300,
  status,
  headers: { get: header },
  json: async () => body,
})

class GatedSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null
  onmessage: WebSocketLike['onmessage'] = null
  onclose: WebSocketLike['onclose'] = null
  onerror: WebSocketLike['onerror'] = null
  closed = false
  #real: WebSocket | null = null

  attach(real: WebSocket): void {
    this.#real = real
    real.on('open', () => this.onopen?.({} as never))
    real.on('message', (data) => this.onmessage?.({ data: String(data) }))
    real.on('error', () => this.onerror?.({} as never))
    real.on('close', (code, reason) => this.onclose?.({ code, reason: String(reason) }))
  }

  close(): void {
    this.closed = true
    this.#real?.terminate()
  }
}
