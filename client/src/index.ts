export type * from './api-types.ts'
export type { StreamState } from './connection.ts'
export {
  ConflictError,
  ConnectionError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  RateLimitError,
  ServerError,
  SnugError,
  UnauthorizedError,
} from './errors.ts'
export type { Inbox, InboxOptions, InboxSnapshot } from './inbox.ts'
export type { ThreadMessage } from './pending.ts'
export type { Abortable } from './request.ts'
export { Snug, type SnugOptions } from './snug.ts'
export type { Loading, Store } from './store.ts'
export type { Stream } from './stream.ts'
export type { Thread, ThreadOptions, ThreadSnapshot } from './thread-types.ts'
export type { Timers, Timing } from './timing.ts'
export type * from './types.ts'
export type { WebSocketClass, WebSocketLike } from './websocket.ts'
