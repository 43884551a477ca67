import { setTimeout as sleep } from 'node:timers/promises'
import type { ListeningBus } from './bus.ts'
import type { CatchUp, Missed } from './catch-up.ts'
import type { Cursors } from './cursor.ts'
import type { EventFor } from './events.ts'
import { type Frame, frameOf } from './frame.ts'
import type { StreamReads } from './gather-reads.ts'
import type { Hub } from './hub.ts'
import { type Sink, Stream } from './stream.ts'

/** Who opens a stream. */
export interface StreamCaller {
  readonly userId: string
  readonly userKey: number
  /** Milliseconds since 1970: the token's end. */
  readonly expiresAt: number
  /** The id of the last event that was received; null: a new stream. */
  readonly since: string | null
}

/** Opens a stream. @returns what to call when the other side has gone */
export type OpenStream = (sink: Sink, caller: StreamCaller) => () => void

export interface Opening {
  admit(userId: string): Promise<number | null>
  readonly open: OpenStream
  /** Everything before `until` has been handed over; the database's clock was `now` when that was asked. */
  settled(until: number, now: number): void
}

// Whoever catches up reads what was written before more is written, within this time.
const DRAIN_WITHIN_MS = 10_000
// Neither transport tells when the socket has taken everything: few streams are ever so far behind.
const DRAIN_POLL_MS = 20

/**
 * The phases of a stream: it is open and holds back what happens, is told what it has missed, is ready, and is told what was held back,
 * without what the catching-up had told already.
 */
export function createOpening(deps: {
  readonly hub: Hub
  readonly bus: Pick<ListeningBus, 'watch'>
  readonly cursors: Cursors
  readonly now: () => number
  readonly catchUp: CatchUp
  readonly reads: StreamReads
  readonly fresh: () => Promise<void>
  readonly log: (line: string) => void
}): Opening {
  const { hub, bus, cursors, now, catchUp, reads, fresh, log } = deps
  // Those that know what their catching-up has told, with the database's clock after it, once that is known.
  const caughtUp = new Map<Stream, number | null>()

  const missedSince = async (
    stream: Stream,
    since: string | null,
  ): Promise<Missed | 'resync' | 'erased' | null> => {
    if (since === null) return null
    const cursor = cursors.read(since, now() * 1_000)
    if (!cursor) return 'resync'
    return catchUp(stream.userKey, cursor.until)
  }
  /** Waits until there is room. @returns false when the stream has ended, or is not read and was cut off */
  const write = async (stream: Stream, frame: Frame): Promise<boolean> => {
    if (!(await hasRoom(stream, frame))) hub.end(stream, 'slow')
    return hub.write(stream, frame)
  }
  const tell = ({ event, data }: EventFor, id: string, stream: Stream) =>
    write(stream, frameOf(event, id, data as never))
  const startOver = (until: number, stream: Stream) =>
    tell({ event: 'resync', data: {} }, cursors.next(until), stream)

  const run = async (stream: Stream, since: string | null) => {
    await Promise.all([bus.watch(stream.userKey), fresh()])
    // What this says has been handed over was so before anything is read.
    const { until } = hub
    const missed = await missedSince(stream, since)
    if (missed === 'erased') return hub.end(stream, 'erased')
    if (missed === 'resync') await startOver(until, stream)
    else if (missed) {
      // Whoever is cut off in between comes back with the cursor of before.
      const old = cursors.read(since as string, now() * 1_000)?.until ?? until
      for (const event of missed.events) if (!(await tell(event, cursors.next(old), stream))) return
      if (missed.told.size > 0) {
        stream.hasTold(missed.told)
        caughtUp.set(stream, null)
      }
    }
    if (stream.takeOverflow()) await startOver(until, stream)
    const data = { user_id: stream.userId, server_time: `${new Date(now()).toISOString().slice(0, 19)}Z` }
    if (!(await tell({ event: 'ready', data }, cursors.next(until), stream))) return
    for (;;) {
      if (stream.takeOverflow()) await startOver(until, stream)
      const frame = stream.release()
      if (!frame || !(await write(stream, frame))) return
    }
  }

  return {
    async admit(userId) {
      return (await reads.admit(userId)) ?? null
    },
    open(sink, { userId, userKey, expiresAt, since }) {
      const stream = new Stream(userKey, userId, expiresAt, sink)
      hub.add(stream)
      run(stream, since).catch((error) => {
        // The database is away: the client comes back with what it had, and is told then.
        log(`streams: one could not be opened (${error.message})`)
        hub.end(stream, 'failed')
      })
      return () => {
        caughtUp.delete(stream)
        hub.end(stream, 'gone')
      }
    },
    settled(until, at) {
      for (const [stream, after] of caughtUp) {
        if (stream.ended) caughtUp.delete(stream)
        else if (after === null) caughtUp.set(stream, at)
        else if (until >= after) {
          stream.forgetTold()
          caughtUp.delete(stream)
        }
      }
    },
  }
}

/** Waits until the frame can be written. @returns false when what was written before is not read in time */
async function hasRoom(stream: Stream, frame: Frame): Promise<boolean> {
  const deadline = performance.now() + DRAIN_WITHIN_MS
  while (!stream.ended && !stream.hasRoomFor(frame)) {
    if (performance.now() > deadline) return false
    await sleep(DRAIN_POLL_MS)
  }
  return true
}
