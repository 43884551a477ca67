import { createApi } from './api.ts'
import type { Api } from './api-types.ts'
import { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
import type { OpenLink } from './link.ts'
import { createRequest } from './request.ts'
import { sseLink } from './sse.ts'
import { createStream, type Stream } from './stream.ts'
import { createThread } from './thread.ts'
import type { Thread, ThreadOptions } from './thread-types.ts'
import { platformTiming, type Timing } from './timing.ts'
import { createTokens } from './token.ts'
import { type WebSocketClass, webSocketLink } from './websocket.ts'

export interface SnugOptions extends Partial<Timing> {
  /** Of the server, without a path of its own unless a proxy adds one. */
  url: string
  /**
   * Answers with a token for the signed-in user, from the application's own server. Asked when one is needed: at first, shortly
   * before the last one expires, and when it was refused.
   */
  token: () => string | Promise<string>
  fetch?: typeof fetch | undefined
  /** Default: the platform's, if it has one. */
  WebSocket?: WebSocketClass | undefined
  /** How the stream connects. `auto` (default): by WebSocket, by server-sent events where that is not to be had. */
  transport?: 'websocket' | 'sse' | 'auto' | undefined
}

/** Private messaging for one signed-in user. */
export class Snug implements Api {
  readonly communities: Api['communities']
  readonly conversations: Api['conversations']
  readonly messages: Api['messages']
  readonly members: Api['members']
  readonly settings: Api['settings']
  readonly devices: Api['devices']
  readonly push: Api['push']
  readonly stream: Stream
  /** The thread with a user, for a user interface. To be closed when it is no longer shown. */
  readonly thread: (community: string, user: string, options?: ThreadOptions) => Thread
  /** The conversations of a community, for a user interface. To be closed when they are no longer shown. */
  readonly inbox: (community: string, options?: InboxOptions) => Inbox

  constructor(options: SnugOptions) {
    const url = options.url.replace(/\/+$/, '')
    const { clock, timers, random } = { ...platformTiming, ...options }
    const timing = { clock, timers, random }
    const call = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args))
    const tokens = createTokens(options.token, timing)
    const api = createApi(createRequest({ url, fetch: call, tokens, timing }), tokens, random)
    const stream = createStream({ url, tokens, timing, links: linksOf(options, call) })
    this.communities = api.communities
    this.conversations = api.conversations
    this.messages = api.messages
    this.members = api.members
    this.settings = api.settings
    this.devices = api.devices
    this.push = api.push
    this.stream = stream
    this.thread = (community, user, more) => createThread({ api, stream, timing }, community, user, more)
    this.inbox = (community, more) => createInbox({ api, stream, timing }, community, more)
  }
}

function linksOf({ transport = 'auto', WebSocket }: SnugOptions, call: typeof fetch): OpenLink[] {
  const Socket = WebSocket ?? (globalThis.WebSocket as unknown as WebSocketClass | undefined)
  const links: OpenLink[] = []
  if (transport !== 'sse' && Socket) links.push(webSocketLink(Socket))
  // React Native has no fetch that streams, nor the streams themselves.
  if (transport !== 'websocket' && (links.length === 0 || globalThis.ReadableStream))
    links.push(sseLink(call))
  if (links.length === 0) throw new TypeError('There is no WebSocket here')
  return links
}
