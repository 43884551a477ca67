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

/** A WebSocket's end of a stream. */
export class SocketSink implements Sink {
  readonly transport = 'websocket'
  readonly #socket: WebSocket
  readonly #pingsByText: boolean

  constructor(socket: WebSocket, pingsByText: boolean) {
    this.#socket = socket
    this.#pingsByText = pingsByText
  }

  get unsent(): number {
    return this.#socket.bufferedAmount
  }

  sizeOf(frame: Frame): number {
    return frame.json.length
  }

  write(frame: Frame): void {
    this.#socket.send(frame.json, { binary: false })
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
