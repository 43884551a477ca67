import type { Hub } from './hub.ts'
import type { Stream } from './stream.ts'

const EVERY_MS = 1_000
// A comment line or ping comes at least every 25 seconds (CONTRACT §6); the sweep may be a little late.
const PING_MS = 20_000
// Proxies, phones and cables lose lines in silence: what was written at the ping before the last one has still not been taken.
const STUCK_PINGS = 2

/**
 * Looks after all streams once a second: one timer for all of them, since a timer for each costs more memory than the stream's own
 * state. Ends those whose token has expired, shows the others to be alive, and cuts off whoever takes nothing any more.
 * @param clock milliseconds since 1970
 * @param also is done once a second as well
 */
export function startSweep(hub: Hub, clock: () => number, also: () => void): { stop(): void } {
  const stuck = new WeakMap<Stream, number>()
  // Those that came together are pinged apart.
  const firstPing = () => clock() - Math.random() * PING_MS
  const look = (stream: Stream, now: number) => {
    if (stream.expiresAt <= now) return hub.end(stream, 'expired')
    if (stream.pingedAt === 0) stream.pingedAt = firstPing()
    if (now - stream.pingedAt < PING_MS) return
    stream.pingedAt = now
    if (stream.sink.unsent > 0) {
      const pings = (stuck.get(stream) ?? 0) + 1
      if (pings >= STUCK_PINGS) return hub.end(stream, 'slow')
      stuck.set(stream, pings)
    } else stuck.delete(stream)
    stream.sink.ping()
  }
  const timer = setInterval(() => {
    const now = clock()
    for (const stream of [...hub.all()]) look(stream, now)
    also()
  }, EVERY_MS).unref()
  return { stop: () => clearInterval(timer) }
}
