import type { End, Link, OpenLink } from './link.ts'
import { backoff, type Timing } from './timing.ts'
import type { Tokens } from './token.ts'
import type { StreamEvent } from './types.ts'

/**
 * `connecting`: never live yet. `live`: everything is told as it happens. `behind`: the connection was lost, or is there again
 * and has not told everything yet; what is held may be old.
 */
export type StreamState = 'connecting' | 'live' | 'behind'

export interface ConnectionDeps {
  readonly url: string
  readonly tokens: Pick<Tokens, 'get' | 'refuse'>
  readonly timing: Timing
  /** What may be connected by, the best first. Where one does not open, the next is tried. */
  readonly links: readonly OpenLink[]
  readonly pass: (event: StreamEvent) => void
  /** May be told the same again, and of `behind` before anything was live. */
  readonly became: (state: StreamState) => void
  /** What comes does not follow on what came before. */
  readonly fresh: () => void
}

// A browser's script sees no pings of a WebSocket but those that come as text.
const STREAM = '/api/v1/stream?ping=text'
const WAIT_MS = 1_000
const WAIT_MAX_MS = 30_000
// The server lets something be heard every 25 s at the latest. One that says nothing any more may look open for hours.
const SILENCE_MS = 60_000

/** Keeps a connection from `start` to `stop`: connects again, and resumes after the last event. */
export function connection(deps: ConnectionDeps) {
  const { url, tokens, timing, links } = deps
  let link: Link | null = null
  // Which connection is the one that counts: what is heard from an earlier one is passed over.
  let current = 0
  let kind = 0
  let since: string | undefined
  let failures = 0
  let refusals = 0
  let waiting: unknown
  let watchdog: unknown

  async function connect(): Promise<void> {
    drop()
    const mine = current
    let fresh = since === undefined
    let token = ''
    let opened = false
    const end = (how: End = {}) => {
      if (mine === current) lost(token, opened, how)
    }
    const listen = () => {
      timing.timers.clearTimeout(watchdog)
      watchdog = timing.timers.setTimeout(end, SILENCE_MS)
    }
    const receive = (event: StreamEvent) => {
      if (mine !== current) return
      opened = true
      listen()
      if ((event.event as string) === 'ping') return
      deps.pass(event)
      // A listener may have stopped it.
      if (mine !== current) return
      if (event.id) since = event.id
      const ready = event.event === 'ready'
      if (event.event === 'resync' || (fresh && ready)) {
        fresh = false
        deps.fresh()
      }
      if (!ready) return
      failures = refusals = 0
      deps.became('live')
    }
    try {
      token = await tokens.get()
      if (mine !== current) return
      listen()
      const after = since === undefined ? '' : `&since=${encodeURIComponent(since)}`
      link = (links[kind] as OpenLink)({ url: url + STREAM + after, token, receive, end })
    } catch {
      // No token, or one that cannot be sent at all.
      end()
    }
  }

  function lost(token: string, opened: boolean, { refused, retry }: End): void {
    drop()
    deps.became('behind')
    if (refused) tokens.refuse(token)
    // Browsers do not tell why a WebSocket did not open: it may be the token, or a proxy that knows no WebSockets. After the
    // second time the other way is tried, which tells; without another, a fresh token.
    if (!opened && failures % 2 === 1) {
      if (links.length > 1) kind = 1 - kind
      else tokens.refuse(token)
    }
    // A fresh token helps at once, or never.
    let wait = 0
    if (retry !== undefined) wait = retry * (1 + timing.random() / 2)
    else if (!refused || refusals++ > 0) wait = backoff(timing, failures++, WAIT_MS, WAIT_MAX_MS)
    waiting = timing.timers.setTimeout(connect, wait)
  }

  function drop(): void {
    current++
    timing.timers.clearTimeout(waiting)
    timing.timers.clearTimeout(watchdog)
    link?.close()
    link = null
  }

  return {
    start: () => void connect(),
    stop() {
      drop()
      since = undefined
      failures = refusals = 0
      deps.became('connecting')
    },
  }
}
