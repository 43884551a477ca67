import { secondsOf } from './errors.ts'
import type { End, LinkDeps, OpenLink } from './link.ts'
import type { StreamEvent } from './types.ts'

/** The stream as server-sent events, over a fetch that streams: EventSource can send no token. */
export const sseLink =
  (fetch: typeof globalThis.fetch): OpenLink =>
  (deps) => {
    const control = new AbortController()
    void follow(fetch, deps, control.signal)
    return { close: () => control.abort() }
  }

async function follow(fetch: typeof globalThis.fetch, deps: LinkDeps, signal: AbortSignal): Promise<void> {
  const { url, token, end } = deps
  const how: End = {}
  try {
    const response = await fetch(url, {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
      },
      signal,
    })
    const wait = secondsOf(response)
    if (wait) how.retry = wait * 1000
    how.refused = response.status === 401
    if (response.ok) await readEvents(response, deps.receive, how)
  } catch {
    // Cut off, which is what `end` tells; or closed, and then nobody listens.
  }
  end(how)
}

async function readEvents(response: Response, receive: LinkDeps['receive'], how: End): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let fields: Record<string, string> = {}
  let begun = false
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = lines.pop() as string
    for (const line of lines) {
      const [, name = '', text = ''] = /^(\w*):? ?(.*?)\r?$/.exec(line) as unknown as string[]
      // One that comes before everything else is for clients that know no better, and says nothing of this one's end.
      if (name === 'retry') {
        if (begun) how.retry = Number(text)
      } else if (name) fields[name] = text
      // A comment tells that the connection lives.
      else if (line.startsWith(':')) receive({ event: 'ping' } as never)
      else {
        const { id = '', event, data } = fields
        if (data !== undefined) {
          begun = true
          receive({ id, event, data: JSON.parse(data) } as StreamEvent)
        }
        fields = {}
      }
    }
  }
}
