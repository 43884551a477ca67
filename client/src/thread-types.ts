import type { ThreadMessage } from './pending.ts'
import type { Loading, Store } from './store.ts'

export interface ThreadOptions {
  /** How many messages are loaded at first, and more each time: 1 to 100, default 30. */
  perPage?: number | undefined
  /** How many messages are held at most: loading in one direction lets go of the other end. Default: no limit. At least 2 × perPage. */
  keep?: number | undefined
}

export interface ThreadSnapshot extends Loading {
  /** `hidden`: the thread may not be seen, as after a block. */
  readonly state: 'loading' | 'ready' | 'hidden'
  /** Oldest first, without gaps; then what was written here and is on its way. */
  readonly messages: readonly ThreadMessage[]
  /** How many messages the thread holds. */
  readonly total: number
  readonly hasOlder: boolean
  readonly hasNewer: boolean
  /** The other is typing. */
  readonly typing: boolean
  /** The message up to which the other has read. The position is null while that message is not held. */
  readonly readByOther: { readonly id: string; readonly position: number | null } | null
}

/** The thread with a user: CONTRACT §3, live. */
export interface Thread extends Store<ThreadSnapshot> {
  /** Goes to the newest messages. */
  loadLatest(): Promise<void>
  loadOlder(): Promise<void>
  loadNewer(): Promise<void>
  /** Goes to the page that holds a position: from 1, the oldest, to `total`. */
  loadAt(position: number): Promise<void>
  /** Shows the message at once and sends it. @param key an earlier `localId`, of what may have been sent already @returns its localId */
  send(content: string, key?: string): string
  /** Sends again what failed. It is never sent twice. */
  retry(localId: string): void
  /** Takes back what failed, or waits for others to be sent. */
  discard(localId: string): void
  /** Deletes the last message. @throws {SnugError} */
  delete(id: string): Promise<void>
  /** Marks the thread read up to a message, or to the last one that is held. @throws {SnugError} */
  markRead(id?: string): Promise<void>
  /** Tells the other that the caller is typing: to be called at every key, it asks once in 3 s. Rejects never. */
  typing(): Promise<void>
}
