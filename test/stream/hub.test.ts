import assert from 'node:assert/strict'
import { type Mock, type mock, test } from 'node:test'
import { createCursors } from '../../src/realtime/cursor.ts'
import type { EventFor } from '../../src/realtime/events.ts'
import type { Frame } from '../../src/realtime/frame.ts'
import { createHub } from '../../src/realtime/hub.ts'
import { type EndReason, type Sink, Stream, UNSENT_MOST } from '../../src/realtime/stream.ts'
import { startSweep } from '../../src/realtime/sweep.ts'

// The open streams of a server: starting over, ends, pings and slow readers, by a clock of the test's own.

const HOUR = 3_600_000
const typing: EventFor = {
  event: 'typing',
  data: { community_id: 'c', user_id: 'u', expires_at: '2026-01-01T00:00:00Z' },
}

class FakeSink implements Sink {
  readonly transport = 'sse'
  readonly written: Frame[] = []
  pings = 0
  unsent = 0
  ended: [EndReason, number | undefined] | null = null
  sizeOf(frame: Frame): number {
    return frame.text.length
  }
  write(frame: Frame): void {
    this.written.push(frame)
  }
  ping(): void {
    this.pings++
  }
  end(reason: EndReason, retryMs?: number): void {
    this.ended = [reason, retryMs]
  }
  get events(): string[] {
    return this.written.map(({ event }) => event)
  }
}

/** A hub with a clock that the test moves, timers included. */
function newHub(t: { mock: typeof mock }) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 })
  const left: number[] = []
  const told: [string, number][] = []
  const stats = {
    opened: () => {},
    ended: () => {},
    told: (event: string, streams: number) => told.push([event, streams]),
  }
  const hub = createHub(createCursors('abc123'), stats, { left: (key) => left.push(key) }, Date.now)
  const open = (userKey: number, expiresAt = Date.now() + HOUR) => {
    const sink = new FakeSink()
    const stream = new Stream(userKey, `u${userKey}`, expiresAt, sink)
    hub.add(stream)
    assert.equal(stream.release(), null)
    return { sink, stream }
  }
  /** In small steps: what a timer sets meanwhile is due as well. */
  const tick = (ms: number) => {
    for (let left = ms; left > 0; left -= 50) t.mock.timers.tick(Math.min(left, 50))
  }
  return { hub, left, told, open, tick }
}

test('an event reaches all streams of its user and nobody else’s', (t) => {
  const { hub, open, told } = newHub(t)
  const [one, other, stranger] = [open(1), open(1), open(2)]
  hub.tell(1, typing, null)
  hub.tell(3, typing, null)
  assert.deepEqual([one.sink.events, other.sink.events, stranger.sink.events], [['typing'], ['typing'], []])
  assert.equal(one.sink.written[0], other.sink.written[0], 'made once')
  assert.deepEqual(told, [['typing', 2]])
})

test('starting over is spread over 5 seconds: evenly, each once, all within them', (t) => {
  const { hub, open, tick } = newHub(t)
  const streams = Array.from({ length: 1_000 }, (_, i) => open(i))
  hub.resync(null)
  const counts: number[] = []
  for (let step = 0; step < 50; step++) {
    tick(100)
    counts.push(streams.filter(({ sink }) => sink.events.length === 1).length)
  }
  assert.deepEqual(
    counts,
    Array.from({ length: 50 }, (_, i) => (i + 1) * 20),
  )
  tick(10_000)
  assert.ok(streams.every(({ sink }) => sink.events.join() === 'resync'))
})

test('whoever is to start over and came later, or twice, is told in time as well', (t) => {
  const { hub, open, tick } = newHub(t)
  const streams = Array.from({ length: 100 }, (_, i) => open(i))
  hub.resync([1, 2, 3, 999])
  tick(2_000)
  hub.resync(null)
  tick(5_000)
  assert.ok(streams.every(({ sink }) => sink.events.length > 0))
  tick(10_000)
  const twice = streams.filter(({ sink }) => sink.events.length > 1)
  assert.ok(twice.length <= 3)
})

test('after something was missed, the resync comes before any other event', (t) => {
  const { hub, open, tick } = newHub(t)
  const streams = Array.from({ length: 100 }, (_, i) => open(i))
  hub.resync(null)
  hub.until = 5
  hub.tell(99, typing, null)
  assert.deepEqual(streams[99]?.sink.events, ['resync', 'typing'])
  tick(6_000)
  assert.deepEqual(streams[99]?.sink.events, ['resync', 'typing'])
  assert.deepEqual(streams[0]?.sink.events, ['resync'])
})

test('a stream that ended, or whose token expired, is not told to start over', (t) => {
  const { hub, open, tick } = newHub(t)
  const [gone, old] = [open(1), open(2, Date.now() + 50)]
  hub.resync(null)
  hub.end(gone.stream, 'gone')
  tick(6_000)
  assert.deepEqual([gone.sink.events, old.sink.events], [[], []])
  assert.deepEqual(old.sink.ended, ['expired', undefined])
})

test('no event after the token’s end, also before the sweep has looked', (t) => {
  const { hub, left, open, tick } = newHub(t)
  const { sink, stream } = open(1, Date.now() + 500)
  tick(499)
  hub.tell(1, typing, null)
  tick(1)
  hub.tell(1, typing, null)
  assert.deepEqual([sink.events, sink.ended], [['typing'], ['expired', undefined]])
  assert.equal(hub.write(stream, sink.written[0] as Frame), false)
  assert.deepEqual([left, hub.size, hub.has(1)], [[1], 0, false])
})

test('the sweep ends what has expired, and shows every other stream to be alive at least every 25 seconds', (t) => {
  const { hub, open, tick } = newHub(t)
  const streams = Array.from({ length: 100 }, (_, i) => open(i))
  const old = open(200, Date.now() + 3_500)
  const clock: Mock<() => number> = t.mock.fn(Date.now)
  const sweep = startSweep(hub, clock, () => {})
  const last = new Map(streams.map(({ sink }) => [sink, { at: Date.now(), pings: 0 }]))
  let most = 0
  const busiest: number[] = []
  for (let second = 1; second <= 120; second++) {
    tick(1_000)
    let now = 0
    for (const [sink, known] of last) {
      if (sink.pings === known.pings) continue
      now++
      most = Math.max(most, Date.now() - known.at)
      last.set(sink, { at: Date.now(), pings: sink.pings })
    }
    busiest.push(now)
    if (second === 3) assert.equal(old.sink.ended, null)
    if (second === 4) assert.deepEqual(old.sink.ended, ['expired', undefined])
  }
  sweep.stop()
  assert.ok(most > 0 && most <= 25_000, `${most} ms between two pings`)
  for (const { at } of last.values()) assert.ok(Date.now() - at <= 25_000)
  assert.ok(Math.max(...busiest) < 50, 'those that came together are pinged apart')
})

test('a stream that takes nothing from one ping to the next but one is cut off', (t) => {
  const { hub, open, tick } = newHub(t)
  const [stuck, reads] = [open(1), open(2)]
  const sweep = startSweep(hub, Date.now, () => {})
  stuck.sink.unsent = 1
  tick(61_000)
  sweep.stop()
  assert.deepEqual([stuck.sink.ended, reads.sink.ended], [['slow', undefined], null])
})

test('64 KiB unsent are the most, an event by itself aside', (t) => {
  const { hub, open } = newHub(t)
  const [slow, reads] = [open(1), open(1)]
  slow.sink.unsent = 1
  const name = (bytes: number): EventFor => ({
    event: 'typing',
    data: { community_id: 'c'.repeat(bytes), user_id: 'u', expires_at: '2026-01-01T00:00:00Z' },
  })
  hub.tell(1, name(UNSENT_MOST - 500), null)
  assert.equal(slow.sink.events.length, 1)
  hub.tell(1, name(UNSENT_MOST), null)
  assert.deepEqual([slow.sink.ended, slow.sink.events.length], [['slow', undefined], 1])
  assert.deepEqual([reads.sink.ended, reads.sink.events.length], [null, 2])
})

test('all streams end with a hint when to come back, a little apart', (t) => {
  const { hub, open } = newHub(t)
  const streams = Array.from({ length: 50 }, (_, i) => open(i))
  hub.close()
  const hints = streams.map(({ sink }) => {
    assert.equal(sink.ended?.[0], 'stopping')
    return sink.ended?.[1] as number
  })
  assert.ok(hints.every((ms) => ms >= 500 && ms <= 3_000))
  assert.ok(new Set(hints).size > 10)
  assert.equal(hub.size, 0)
})

test('what happens while a stream catches up is held back; more than 500 events, and it starts over', () => {
  const held = (count: number) => {
    const stream = new Stream(1, 'u', HOUR, new FakeSink())
    for (let i = 1; i <= count; i++) stream.deliver(frameNamed(`${i}`), { key: i % 2 ? 'a' : 'b', change: i })
    return stream
  }
  const released = (stream: Stream) => {
    const ids: string[] = []
    for (let frame = stream.release(); frame; frame = stream.release()) ids.push(frame.id)
    return ids
  }
  assert.deepEqual(released(held(4)), ['1', '2', '3', '4'])
  const knowing = held(6)
  knowing.hasTold(new Map([['a', 3]]))
  assert.deepEqual(released(knowing), ['2', '4', '5', '6'], 'without what the catching-up has told')
  knowing.deliver(frameNamed('again'), { key: 'a', change: 3 })
  knowing.forgetTold()
  knowing.deliver(frameNamed('new'), { key: 'a', change: 7 })
  assert.deepEqual(
    (knowing.sink as FakeSink).written.map(({ id }) => id),
    ['new'],
  )
  const full = held(500)
  assert.equal(full.takeOverflow(), false)
  assert.equal(released(full).length, 500)
  const over = held(502)
  assert.deepEqual([over.takeOverflow(), over.takeOverflow()], [true, false])
  assert.deepEqual(released(over), ['502'])
})

function frameNamed(id: string): Frame {
  return { id, event: 'typing', text: Buffer.from(id), json: Buffer.from(id) }
}
