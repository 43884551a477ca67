import type { Cursors } from './cursor.ts'
import type { EventFor } from './events.ts'
import { type Frame, frameOf } from './frame.ts'
import type { EndReason, Sink, Stream, Told } from './stream.ts'

export interface HubStats {
  /** Open streams. */
  opened(transport: Sink['transport'], change: 1 | -1): void
  ended(reason: EndReason): void
  told(event: string, streams: number): void
}

/** The open streams of this server, by user. */
export interface Hub {
  add(stream: Stream): void
  /** Ends a stream; the first reason counts. */
  end(stream: Stream, reason: EndReason, retryMs?: number): void
  has(userKey: number): boolean
  /** Sends an event to all streams of a user. @param told which change of which conversation it tells of, if it does */
  tell(userKey: number, event: EventFor, told: Told | null): void
  /** Writes to one stream, past what it holds back. @returns false when it has been cut off */
  write(stream: Stream, frame: Frame): boolean
  /** Everything that was changed before this moment has been handed to the streams: what the ids of events say. */
  until: number
  all(): Iterable<Stream>
  of(userKey: number): readonly Stream[]
  /** The keys of those who have streams. */
  users(): Iterable<number>
  /** Streams of these users have missed something: they are told to start over, spread over some seconds. Null: all streams. */
  resync(userKeys: Iterable<number> | null): void
  readonly size: number
  close(): void
}

// So many clients must not fetch their lists at one moment.
const SPREAD_MS = 5_000
const SPREAD_STEPS = 50

/**
 * @param watch is told of the users who lose their last stream here
 * @param clock milliseconds since 1970
 */
export function createHub(
  cursors: Cursors,
  stats: HubStats,
  watch: { left(userKey: number): void },
  clock: () => number = Date.now,
): Hub {
  const streams = new Map<number, Stream[]>()
  const late = new Set<Stream>()
  let size = 0
  let spreading: NodeJS.Timeout | undefined
  let stepsLeft = 0

  const end: Hub['end'] = (stream, reason, retryMs) => {
    if (stream.ended) return
    stream.ended = true
    late.delete(stream)
    const left = (streams.get(stream.userKey) ?? []).filter((one) => one !== stream)
    if (left.length > 0) streams.set(stream.userKey, left)
    else streams.delete(stream.userKey)
    size--
    stats.opened(stream.sink.transport, -1)
    stats.ended(reason)
    stream.sink.end(reason, retryMs)
    if (left.length === 0) watch.left(stream.userKey)
  }
  const guarded = (stream: Stream, taken: boolean) => {
    if (!taken) end(stream, 'slow')
    return taken
  }
  /** Nothing reaches a stream whose token has expired, between two sweeps as well. */
  const valid = (stream: Stream) => {
    if (stream.expiresAt <= clock()) end(stream, 'expired')
    return !stream.ended
  }
  /** What a stream is told after it has missed something has an id that says it has not: so this comes first. */
  const startOver = (stream: Stream) => {
    if (!late.delete(stream) || !valid(stream)) return
    guarded(stream, stream.deliver(frameOf('resync', cursors.next(hub.until), {}), null))
  }
  const spread = () => {
    let some = Math.ceil(late.size / Math.max(stepsLeft--, 1))
    for (const stream of late) {
      if (some-- <= 0) break
      startOver(stream)
    }
    spreading = late.size > 0 ? setTimeout(spread, SPREAD_MS / SPREAD_STEPS).unref() : undefined
  }

  const hub: Hub = {
    until: 0,
    add(stream) {
      const others = streams.get(stream.userKey)
      if (others) others.push(stream)
      else streams.set(stream.userKey, [stream])
      size++
      stats.opened(stream.sink.transport, 1)
    },
    end,
    has: (userKey) => streams.has(userKey),
    tell(userKey, event, told) {
      const ofUser = streams.get(userKey)
      if (!ofUser) return
      const frame = frameOf(event.event, cursors.next(hub.until), event.data)
      stats.told(event.event, ofUser.length)
      for (const stream of hub.of(userKey)) {
        if (!valid(stream)) continue
        startOver(stream)
        guarded(stream, stream.deliver(frame, told))
      }
    },
    write: (stream, frame) => valid(stream) && guarded(stream, stream.write(frame)),
    of: (userKey) => [...(streams.get(userKey) ?? [])],
    users: () => streams.keys(),
    *all() {
      for (const ofUser of streams.values()) yield* ofUser
    },
    resync(userKeys) {
      const whose = userKeys ? [...userKeys].flatMap((key) => streams.get(key) ?? []) : [...hub.all()]
      for (const stream of whose) late.add(stream)
      // Those that wait longest first would be the same ones each time: by chance.
      const mixed = [...late].sort(() => Math.random() - 0.5)
      late.clear()
      for (const stream of mixed) late.add(stream)
      stepsLeft = SPREAD_STEPS
      spreading ??= setTimeout(spread, SPREAD_MS / SPREAD_STEPS).unref()
    },
    get size() {
      return size
    },
    close() {
      clearTimeout(spreading)
      // A little apart, so that another server is not asked by all of them at one moment.
      for (const stream of [...hub.all()]) end(stream, 'stopping', 500 + Math.floor(Math.random() * 2_500))
    },
  }
  return hub
}
