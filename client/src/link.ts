import type { StreamEvent } from './types.ts'

/** How a connection ended. */
export interface End {
  /** Whether the server had taken it. */
  readonly opened: boolean
  /** The token is expired or not valid. */
  readonly refused?: boolean
  /** When to come back, in milliseconds, if the server said so. */
  readonly retry?: number
}

export interface Link {
  close(): void
}

export interface LinkDeps {
  /** Of the server. */
  readonly url: string
  readonly token: string
  /** The id of the last event that was received. */
  readonly since: string | undefined
  /** Takes every frame, pings as well. */
  readonly receive: (event: StreamEvent) => void
  readonly end: (how: End) => void
}

/** Connects. Calls `end` once, except after `close`. */
export type OpenLink = (deps: LinkDeps) => Link

export const STREAM_PATH = '/api/v1/stream'
/** Of a WebSocket that is closed because its token has expired. */
export const CLOSED_EXPIRED = 4401
