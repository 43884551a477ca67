import { startBare } from '../lib/bare.ts'
import { makeConversations } from '../lib/data.ts'
import { makePeople } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { assertDurable, openBench, serveSnug } from '../lib/server.ts'
import { median, quantile, ratioOf } from '../lib/stats.ts'
import { type Fired, groupsOf, startClients } from '../lib/streams.ts'
import { audit } from './sends.ts'

// 5,000 people, a WebSocket each.
const PEOPLE = { communities: 50, members: 99 }
// With so many of its members each creator has exchanged a message before; the others are for first messages.
const KNOWN = 59
const PER_SECOND = 500

/** From a send's answer to the frame at the other side, against a bare `ws` that passes the same frames. */
export async function fanout(quick: boolean): Promise<Report> {
  const [rounds, warm, seconds] = quick ? [2, 1, 3] : [5, 2, 10]
  const bench = await openBench()
  const groups = groupsOf(PEOPLE)
  const clients = await startClients(groups)
  try {
    await assertDurable(bench)
    await makePeople(bench, PEOPLE)
    await makeConversations(bench, null, KNOWN, 1)
    const snug = await serveSnug(bench)
    await clients.connect(snug.port)
    const sample = await clients.sample(snug.port)
    await clients.drop()
    const bare = await startBare('websocket', groups, sample)
    let sent = PEOPLE.communities * KNOWN + 1
    const known = [1, KNOWN] as const
    const run = async (
      streams: number,
      port: number,
      members: readonly [number, number] = known,
      length = seconds,
    ) => {
      await clients.connect(streams)
      await clients.fire({ port, perSecond: PER_SECOND, seconds: warm, members: known })
      const fired = await clients.fire({ port, perSecond: PER_SECOND, seconds: length, members })
      await clients.drop()
      if (port !== bare.port) sent += PER_SECOND * (warm + length)
      return fired
    }
    const measured: { ours: Fired; theirs: Fired }[] = []
    for (let round = 0; round < rounds; round++) {
      const theirs = await run(bare.port, bare.port)
      measured.push({ theirs, ours: await run(snug.port, snug.port) })
    }
    // Of 2,000 pairs: longer, and few would be first ones.
    const first = await run(snug.port, snug.port, [KNOWN + 1, PEOPLE.members], 2)
    const second = await serveSnug(bench)
    const across = await run(second.port, snug.port)
    await Promise.all([snug.stop(), second.stop(), bare.stop()])
    await audit(bench, sent)
    return reportOf(measured, { first, across }, Buffer.byteLength(sample.frame))
  } finally {
    await clients.stop()
    await bench.close()
  }
}

const p99 = (times: Float64Array) => quantile(times, 0.99)

function reportOf(
  measured: { ours: Fired; theirs: Fired }[],
  once: { first: Fired; across: Fired },
  bytes: number,
): Report {
  const ms = (side: 'ours' | 'theirs', of: keyof Fired) => {
    const at = (q: number) => median(measured.map((one) => quantile(one[side][of], q))).toFixed(2)
    return `${at(0.5)} and ${at(0.99)}`
  }
  const onceMs = ({ afterAnswer }: Fired) =>
    `${quantile(afterAnswer, 0.5).toFixed(2)} and ${p99(afterAnswer).toFixed(2)}`
  const ratios = measured.map(({ ours, theirs }) => ({
    ours: p99(ours.afterAnswer),
    theirs: p99(theirs.afterAnswer),
  }))
  const people = PEOPLE.communities * (PEOPLE.members + 1)
  return {
    name: 'fanout',
    what: `p99 from the moment a send's 201 has been read to the moment the frame has been read at the other side (one that came first counts as 0) ÷ a bare \`ws\` that answers the same request and passes a frame of the same ${bytes} bytes. ${people.toLocaleString('en')} open WebSockets in two processes of clients, ${PER_SECOND} direct messages a second in conversations that exist; sender and recipient of each are in one process, and the clock is that process's. Snug stores the message durably and tells the sender's own stream as well.`,
    figures: [{ name: 'fanout', ...ratioOf(ratios), reach: 2, atMost: true }],
    rows: [
      ['Snug, from the 201 to the frame, p50 and p99, ms', ms('ours', 'afterAnswer')],
      ['bare `ws`, the same', ms('theirs', 'afterAnswer')],
      ['Snug, from the request to the frame, p50 and p99, ms', ms('ours', 'afterRequest')],
      ['bare `ws`, the same', ms('theirs', 'afterRequest')],
      ['Snug, from the request to the 201, p50 and p99, ms', ms('ours', 'answer')],
      ['bare `ws`, the same', ms('theirs', 'answer')],
      [
        'Snug, mostly first messages of conversations, from the 201 to the frame, one round',
        onceMs(once.first),
      ],
      [
        'Snug, sent to one server, streams open on another, from the 201 to the frame, one round',
        onceMs(once.across),
      ],
    ],
  }
}
