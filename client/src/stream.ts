import { type ConnectionDeps, connection, type StreamState } from './connection.ts'
import { createEmitter } from './emitter.ts'
import { createRepeats } from './repeats.ts'
import type { StreamData, StreamEvent, StreamEventName } from './types.ts'

/** Everything that happens in the caller's communities: CONTRACT §6. */
export interface Stream {
  readonly state: StreamState
  /**
   * Listens to one kind of events. The first listener connects the stream, and it disconnects when the last one goes. After a
   * loss it resumes, and what was missed is told. `*` listens to all events as they come, a `message.created` that comes twice
   * as well. @returns ends the listening
   */
  on<Name extends StreamEventName>(name: Name, listener: (data: StreamData[Name]) => void): () => void
  on(name: '*', listener: (event: StreamEvent) => void): () => void
  /** Connects nothing by itself. @returns ends the listening */
  onState(listener: (state: StreamState) => void): () => void
  /**
   * Called when what comes now does not follow on what came before, if anything did: at the first `ready` of a stream that
   * does not resume, and at a `resync`. Lists are to be fetched again. @returns ends the listening
   */
  onFresh(listener: () => void): () => void
  /** Disconnects and forgets all listeners. */
  close(): void
}

/** The stream, which is not connected yet. */
export function createStream(deps: Omit<ConnectionDeps, 'pass' | 'became' | 'fresh'>): Stream {
  const emitter = createEmitter()
  const repeats = createRepeats()
  let state: StreamState = 'connecting'
  let listening = 0
  const line = connection({
    ...deps,
    pass(event) {
      if (!repeats.has(event)) emitter.tell(event.event, event.data)
      // Whoever hears everything is told everything: a store knows by itself what it has.
      emitter.tell('*', event)
    },
    became(next) {
      if (next === state || (next === 'behind' && state === 'connecting')) return
      state = next
      emitter.tell('state', next)
    },
    fresh: () => emitter.tell('fresh'),
  })
  const stop = () => {
    listening = 0
    // Whoever listens next starts from what they fetch then.
    repeats.clear()
    line.stop()
  }
  return {
    get state() {
      return state
    },
    on(name: string, listener: (value: never) => void) {
      const end = emitter.add(name, listener)
      if (listening++ === 0) line.start()
      return () => {
        if (end() && --listening === 0) stop()
      }
    },
    onState: (listener) => emitter.add('state', listener),
    onFresh: (listener) => emitter.add('fresh', listener),
    close() {
      emitter.clear()
      stop()
    },
  }
}
