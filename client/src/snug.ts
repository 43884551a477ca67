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
  /** How the stream connects. By server-sent events as well where there is no WebSocket, or with `auto` (default) none gets through. */
  transport?: 'websocket' | 'sse' | 'auto' | undefined
}

/** Private messaging for one signed-in user. */
export class Snug implements Api {
  declare readonly communities: Api['communities']
  declare readonly conversations: Api['conversations']
  declare readonly messages: Api['messages']
  declare readonly members: Api['members']
  declare readonly settings: Api['settings']
  declare readonly devices: Api['devices']
  declare readonly push: Api['push']
  declare readonly stream: Stream
  /** The thread with a user, for a user interface. To be closed when it is no longer shown. */
  declare readonly thread: (community: string, user: string, options?: ThreadOptions) => Thread
  /** The conversations of a community, for a user interface. To be closed when they are no longer shown. */
  declare readonly inbox: (community: string, options?: InboxOptions) => Inbox

  constructor(options: SnugOptions) {
    const url = options.url.replace(/\/+$/, '')
    const timing = { ...platformTiming, ...options }
    const call = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args))
    const tokens = createTokens(options.token, timing)
    const api = createApi(createRequest({ url, fetch: call, tokens, timing }), tokens, timing.random)
    const stream = createStream({ url, tokens, timing, links: linksOf(options, call) })
    Object.assign(this, api, {
      stream,
      thread: (community, user, more) => createThread({ api, stream, timing }, community, user, more),
      inbox: (community, more) => createInbox({ api, stream, timing }, community, more),
    } satisfies Pick<Snug, 'stream' | 'thread' | 'inbox'>)
  }
}

function linksOf({ transport = 'auto', WebSocket }: SnugOptions, call: typeof fetch): OpenLink[] {
  const Socket = WebSocket ?? (globalThis.WebSocket as unknown as WebSocketClass | undefined)
  const links: OpenLink[] = []
  if (transport !== 'sse' && Socket) links.push(webSocketLink(Socket))
  // React Native has no fetch that streams, nor the streams themselves.
  if (!links[0] || (transport === 'auto' && globalThis.ReadableStream)) links.push(sseLink(call))
  return links
}
