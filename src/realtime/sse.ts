import type { ServerResponse } from 'node:http'
import type { Frame } from './frame.ts'
import type { EndReason, Sink } from './stream.ts'

const PING = Buffer.from(': ping\n\n')
const AT_ONCE_MOST = 16_384
// What a browser waits before it comes back by itself.
const RETRY = Buffer.from('retry: 1000\n')

/** Server-sent events over a response that has been taken from the framework, its common headers set. */
export class EventSink implements Sink {
  readonly transport = 'sse'
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // nginx buffers answers unless it is told not to.
      'x-accel-buffering': 'no',
    })
    response.flushHeaders()
  }

  get unsent(): number {
    return this.#response.writableLength
  }

  sizeOf(frame: Frame): number {
    return frame.text.length
  }

  write(frame: Frame): void {
    // Within an event: what is not one may puzzle those who read the stream line by line.
    if (frame.event === 'ready') this.#response.write(RETRY)
    this.#response.write(frame.text)
    // Node keeps what is written in one turn for its end: in a rush that would look like a client that does not read.
    if (this.unsent > AT_ONCE_MOST) while (this.#response.writableCorked > 0) this.#response.uncork()
  }

  ping(): void {
    this.#response.write(PING)
  }

  end(reason: EndReason, retryMs?: number): void {
    // Whoever does not read would never read the end either.
    if (reason === 'slow' || reason === 'gone') this.#response.destroy()
    else this.#response.end(retryMs === undefined ? undefined : `retry: ${retryMs}\n\n`)
  }
}
