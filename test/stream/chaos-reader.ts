import http from 'node:http'
import { WebSocket } from 'ws'
import type { StreamEvent } from '../../client/src/types.ts'
import { Wire } from './model-wire.ts'

/** Where a reader is to connect, and what it fetches there after a `resync`. */
export interface Site {
  /** A server that runs; waits for one. */
  url(): Promise<string>
  /** The ids of a thread's messages, from the first to the last. */
  thread(community: string, user: string, other: string): Promise<string[]>
  token(user: string): string
}

/**
 * One stream of somebody's, which comes back wherever there is a server, and keeps the messages of each conversation as they are told.
 * Nobody deletes anything, so each has the position after the one before it, and anything else is a fault.
 */
export class Reader {
  readonly user: string
  /** The ids of the messages with each other person, by `community other`. */
  readonly threads = new Map<string, string[]>()
  readonly wire = new Wire()
  /** Of every `resync`: until when the server had handed over everything. */
  readonly resyncs: string[] = []
  live = false
  connections = 0
  /** The server that it is at. */
  at: string | null = null
  readonly #site: Site
  readonly #transport: 'websocket' | 'sse'
  readonly #faults: string[] = []
  readonly #others: readonly (readonly [community: string, other: string])[]
  #since: string | undefined
  #cut = () => {}
  #closed = false
  #waiting: (() => void)[] = []
  #fetching: Promise<void> | null = null
  #held: StreamEvent[] = []

  constructor(
    site: Site,
    user: string,
    transport: 'websocket' | 'sse',
    others: readonly (readonly [community: string, other: string])[],
  ) {
    this.user = user
    this.#site = site
    this.#transport = transport
    this.#others = others
    void this.#keep()
  }

  get faults(): readonly string[] {
    return [...this.#faults, ...this.wire.faults].map((fault) => `${this.user}: ${fault}`)
  }

  /** Resolves when it holds; looked at whenever something comes. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Cuts the line, however much is on its way. */
  cut(): void {
    this.live = false
    this.#cut()
  }

  close(): void {
    this.#closed = true
    this.#cut()
  }

  async #keep(): Promise<void> {
    while (!this.#closed) {
      const url = await this.#site.url()
      if (this.#closed) return
      this.wire.begin()
      this.connections++
      this.at = url
      await (this.#transport === 'sse' ? this.#events(url) : this.#socket(url))
      this.live = false
      this.at = null
    }
  }

  #socket(url: string): Promise<void> {
    const since = this.#since === undefined ? '' : `?since=${this.#since}`
    const protocols = ['snug.v1', `bearer.${this.#site.token(this.user)}`]
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream${since}`, protocols)
    this.#cut = () => socket.terminate()
    socket.on('message', (data) => this.#take(JSON.parse(String(data))))
    socket.on('error', () => {})
    return new Promise((resolve) => socket.on('close', () => resolve()))
  }

  #events(url: string): Promise<void> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#site.token(this.user)}` }
    if (this.#since !== undefined) headers['last-event-id'] = this.#since
    return new Promise((resolve) => {
      const request = http.get(`${url}/api/v1/stream`, { headers, agent: false })
      let cut = false
      this.#cut = () => {
        cut = true
        request.destroy()
      }
      request.on('error', () => {})
      request.on('close', () => resolve())
      request.on('response', (response) => {
        let rest = ''
        response.setEncoding('utf8').on('error', () => {})
        response.on('data', (chunk: string) => {
          const blocks = (rest + chunk).split('\n\n')
          rest = blocks.pop() as string
          for (const block of blocks) if (!cut) this.#block(block)
        })
      })
    })
  }

  #block(block: string): void {
    const [, id = '', event = '', data = ''] = /(?:^|\n)id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? []
    if (data) this.#take({ id, event, data: JSON.parse(data) } as StreamEvent)
  }

  #take(event: StreamEvent): void {
    this.wire.take(event)
    this.#since = event.id
    if (event.event === 'ready') this.live = true
    if (event.event === 'resync') {
      this.resyncs.push(event.id.split('-')[1] as string)
      this.#fetching ??= this.#fetchAll().finally(() => {
        this.#fetching = null
        for (const one of this.#held.splice(0)) this.#apply(one)
        this.#tell()
      })
    }
    if (this.#fetching) this.#held.push(event)
    else this.#apply(event)
    this.#tell()
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** What was missed cannot be told any more. A `resync` that comes while it is fetched is fetched for once more. */
  async #fetchAll(): Promise<void> {
    for (let told = -1; told !== this.resyncs.length; ) {
      told = this.resyncs.length
      for (const [community, other] of this.#others) {
        const ids = await this.#site.thread(community, this.user, other)
        const held = this.threads.get(`${community} ${other}`) ?? []
        // What has come while it was fetched is in both.
        if (held.some((id, i) => ids[i] !== id))
          this.#faults.push(`what was held of ${other} is no beginning of the thread`)
        this.threads.set(`${community} ${other}`, ids)
      }
    }
  }

  #apply({ event, data }: StreamEvent): void {
    if (event !== 'message.created') return
    const key = `${data.community_id} ${data.conversation.user.id}`
    const ids = this.threads.get(key) ?? []
    this.threads.set(key, ids)
    const { id } = data.message
    if (ids[data.position - 1] === id) return
    if (data.position === ids.length + 1) ids.push(id)
    else this.#faults.push(`of ${key} came position ${data.position} after ${ids.length}`)
  }
}
