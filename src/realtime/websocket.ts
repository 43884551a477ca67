import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Frame } from './frame.ts'
import type { EndReason, Sink } from './stream.ts'

/** The codes with which a WebSocket is closed; those over 4000 are our own. */
export const CLOSE_CODES: Readonly<Record<EndReason, number>> = {
  expired: 4401,
  erased: 4401,
  slow: 1013,
  stopping: 1012,
  gone: 1001,
  failed: 1011,
}
const WORDS: Readonly<Partial<Record<EndReason, string>>> = {
  expired: 'Token has expired',
  erased: 'Unknown User',
}
// A browser's script sees no pings of the protocol: who asks for it gets a text, to know that the line is alive.
const PING_TEXT = '{"event":"ping"}'
const AT_ONCE_MOST = 16_384

/** A WebSocket's end of a stream. */
export class SocketSink implements Sink {
  readonly transport = 'websocket'
  readonly #socket: WebSocket
  readonly #line: Duplex
  readonly #pingsByText: boolean
  #ready = false

  /** @param line what the WebSocket writes to */
  constructor(socket: WebSocket, line: Duplex, pingsByText: boolean) {
    this.#socket = socket
    this.#line = line
    this.#pingsByText = pingsByText
  }

  get unsent(): number {
    return this.#socket.bufferedAmount
  }

  sizeOf(frame: Frame): number {
    return frame.json.length
  }

  write(frame: Frame): void {
    // What was missed goes out together, at the turn's end or when it is much: a call to the system for each of the frames costs more
    // than making them.
    if (!this.#ready && this.#line.writableCorked === 0) {
      this.#line.cork()
      process.nextTick(uncork, this.#line)
    }
    this.#socket.send(frame.json, { binary: false })
    if (frame.event === 'ready') this.#ready = true
    if (this.#line.writableLength > AT_ONCE_MOST) this.#line.uncork()
  }

  ping(): void {
    this.#socket.ping()
    if (this.#pingsByText) this.#socket.send(PING_TEXT)
  }

  end(reason: EndReason, retryMs?: number): void {
    if (reason === 'slow' || reason === 'gone') this.#socket.terminate()
    else this.#socket.close(CLOSE_CODES[reason], retryMs === undefined ? WORDS[reason] : `retry ${retryMs}`)
  }
}

function uncork(line: Duplex): void {
  line.uncork()
}
