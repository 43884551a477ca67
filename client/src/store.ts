import { createEmitter } from './emitter.ts'
import type { SnugError } from './errors.ts'
import { createQueue, type Queue } from './queue.ts'
import type { Stream } from './stream.ts'
import type { Timing } from './timing.ts'
import type { StreamEvent } from './types.ts'

/** What a user interface shows, kept up to date. Fits React's `useSyncExternalStore`. */
export interface Store<Snapshot> {
  /** @returns ends the listening */
  subscribe(listener: () => void): () => void
  /** What there is now. Never changed: whatever happens makes a new one. */
  getSnapshot(): Snapshot
  /** When nothing is outstanding: no request, no send, nothing put off for a moment. */
  settled(): Promise<void>
  /** Lets go of the stream and of requests under way. Sends that have begun go on. */
  close(): void
}

/** What every snapshot tells of its requests. */
export interface Loading {
  /** A request is under way. */
  readonly loading: boolean
  /** What the last request failed with, null when it did not. What can pass is tried again by itself. */
  readonly error: SnugError | null
}

export interface EngineDeps<Snapshot> {
  readonly stream: Pick<Stream, 'on' | 'onState' | 'onFresh'>
  readonly timing: Timing
  readonly community: string
  readonly render: (loading: Loading) => Snapshot
  /** Takes an event of the community. */
  readonly apply: (event: StoreEvent) => void
  /** Everything may be other than what is held. */
  readonly fresh: () => void
  /** A request was refused for good. */
  readonly refused: () => void
}

/** The events that tell of a conversation. */
export type StoreEvent = Exclude<StreamEvent, { event: 'ready' | 'resync' }>

export interface Engine<Snapshot> extends Pick<Queue, 'want' | 'soon'> {
  readonly store: Store<Snapshot>
  /** Takes an event that is known from elsewhere in its turn. */
  feed(event: StoreEvent): void
  /** Shows what is held now. */
  show(): void
  /** Counts work as outstanding until it ends. */
  track(work: Promise<unknown>): void
}

/**
 * What the stores have in common. Events that arrive while a request is under way are applied after its answer, which may be
 * older or newer than they are: by them it becomes right.
 */
export function createEngine<Snapshot>(deps: EngineDeps<Snapshot>): Engine<Snapshot> {
  const { stream, render, apply, community } = deps
  const emitter = createEmitter()
  const heldBack: StoreEvent[] = []
  let tracked = 0
  let snapshot: Snapshot
  const queue = createQueue({
    ...deps,
    changed: () => drain(),
  })
  const drain = () => {
    for (const event of heldBack.splice(0)) apply(event)
    show()
  }
  const show = () => {
    snapshot = render({ loading: queue.working(), error: queue.error() })
    emitter.tell('')
    if (isAtRest()) emitter.tell('rest')
  }
  const isAtRest = () => queue.idle() && tracked < 1
  const feed = (event: StoreEvent) => {
    if (event.data.community_id !== community) return
    heldBack.push(event)
    if (!queue.working()) drain()
  }
  const ends = [
    stream.on('*', (event) => feed(event as StoreEvent)),
    stream.onFresh(deps.fresh),
    stream.onState((state) => state === 'live' && queue.now()),
  ]
  return {
    ...queue,
    feed,
    show,
    track(promise) {
      tracked++
      void promise.then(() => {
        tracked--
        show()
      })
    },
    store: {
      subscribe: (listener) => emitter.add('', listener),
      getSnapshot: () => snapshot,
      settled: () =>
        new Promise((resolve) => {
          if (isAtRest()) return resolve()
          const end = emitter.add('rest', () => {
            end()
            resolve()
          })
        }),
      close() {
        for (const end of ends) end()
        queue.close()
        tracked = 0
        emitter.tell('rest')
        emitter.clear()
      },
    },
  }
}
