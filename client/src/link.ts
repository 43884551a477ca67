import type { StreamEvent } from './types.ts'

/** How a connection ended. */
export interface End {
  /** The token is expired or not valid. */
  refused?: boolean
  /** When to come back, in milliseconds, if the server said so. */
  retry?: number
}

export interface Link {
  close(): void
}

export interface LinkDeps {
  /** Of the stream, with the id of the last event that was received. */
  readonly url: string
  readonly token: string
  /** Takes every frame, pings as well. */
  readonly receive: (event: StreamEvent) => void
  readonly end: (how: End) => void
}

/** Connects. Calls `end` once, except after `close`. */
export type OpenLink = (deps: LinkDeps) => Link

/** Of a WebSocket that is closed because its token has expired. */
export const CLOSED_EXPIRED = 4401
