import type { Frame } from './frame.ts'

/** Why a stream ends. */
export type EndReason = 'expired' | 'erased' | 'slow' | 'stopping' | 'gone' | 'failed'

/** Where a stream's events go: server-sent events or a WebSocket. */
export interface Sink {
  readonly transport: 'sse' | 'websocket'
  /** Bytes that the other side has not taken yet. */
  readonly unsent: number
  /** How many bytes the frame is. */
  sizeOf(frame: Frame): number
  write(frame: Frame): void
  /** Shows that the line is alive. */
  ping(): void
  /** @param retryMs when to come back, where that is known */
  end(reason: EndReason, retryMs?: number): void
}

// Whoever does not read is cut off at so many bytes, and resumes when they are back (CONTRACT §6).
export const UNSENT_MOST = 65_536
// While a stream catches up, what happens meanwhile is held back. Whoever misses more than that fetches the lists again.
const HELD_MOST = 500

/** An event about a conversation: which change of it, so that nothing is told that the catching-up has told already. */
export interface Told {
  readonly key: string
  readonly change: number
}

interface Held {
  readonly frame: Frame
  readonly told: Told | null
}

/** One open stream of a user's. */
export class Stream {
  readonly userKey: number
  readonly userId: string
  /** Milliseconds since 1970: the token's end. */
  readonly expiresAt: number
  readonly sink: Sink
  ended = false
  /** When it was last shown to be alive, by the sweep's clock. */
  pingedAt = 0
  #held: Held[] | null = []
  #overflown = false
  // What the catching-up has told: conversations by key, as of which change. Kept until all of it must have come here.
  #told: ReadonlyMap<string, number> | null = null

  constructor(userKey: number, userId: string, expiresAt: number, sink: Sink) {
    this.userKey = userKey
    this.userId = userId
    this.expiresAt = expiresAt
    this.sink = sink
  }

  /** Hands over an event, or holds it back while the stream catches up. @returns false when the stream had to be cut off */
  deliver(frame: Frame, told: Told | null): boolean {
    if (this.ended || this.#knows(told)) return true
    if (!this.#held) return this.write(frame)
    if (this.#held.length < HELD_MOST) this.#held.push({ frame, told })
    else {
      this.#held = []
      this.#overflown = true
    }
    return true
  }

  /** Writes past what is held back. @returns false when the stream had to be cut off */
  write(frame: Frame): boolean {
    if (!this.hasRoomFor(frame)) return false
    this.sink.write(frame)
    return true
  }

  /** One event may be larger than what is left, when nothing else is waiting. */
  hasRoomFor(frame: Frame): boolean {
    const { unsent } = this.sink
    return unsent === 0 || unsent + this.sink.sizeOf(frame) <= UNSENT_MOST
  }

  /** More happened during the catching-up than was held back: some of it is lost. Asked once. */
  takeOverflow(): boolean {
    const was = this.#overflown
    this.#overflown = false
    return was
  }

  /** The catching-up has told this. */
  hasTold(told: ReadonlyMap<string, number>): void {
    this.#told = told
  }

  /** The oldest of what is held back, without what has been told already. Null: there is no more, and the stream is live. */
  release(): Frame | null {
    for (let one = this.#held?.shift(); one; one = this.#held?.shift()) {
      if (!this.#knows(one.told)) return one.frame
    }
    this.#held = null
    return null
  }

  /** All that the catching-up could have told twice has come. */
  forgetTold(): void {
    this.#told = null
  }

  #knows(told: Told | null): boolean {
    return told !== null && (this.#told?.get(told.key) ?? 0) >= told.change
  }
}
