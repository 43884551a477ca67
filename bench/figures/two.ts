import { makeConversations } from '../lib/data.ts'
import { load } from '../lib/load.ts'
import { startNats } from '../lib/nats.ts'
import { makePeople } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { randomSends } from '../lib/sends.ts'
import { assertDurable, openBench, serveSnug } from '../lib/server.ts'
import { median, quantile, ratioOf } from '../lib/stats.ts'
import { groupsOf, startClients } from '../lib/streams.ts'
import { audit } from './sends.ts'

const PEOPLE = { communities: 100, members: 99 }
// Every creator and two members of each community have a stream, half of them on each server: every message is somebody's.
const WITH_STREAMS = { communities: 100, members: 2 }
const CONNECTIONS = 64

interface Turn {
  readonly perSecond: number
  readonly p99: number
  readonly frames: number
}

/** Sends to two servers that tell each other of everything, against the same two that tell each other of nothing. */
export async function two(quick: boolean): Promise<Report> {
  const [rounds, warm, seconds] = quick ? [2, 1, 3] : [7, 2, 8]
  const bench = await openBench()
  const clients = await startClients(groupsOf(WITH_STREAMS))
  const nats = quick ? null : await startNats()
  const next = randomSends(PEOPLE)
  let sent = PEOPLE.communities * PEOPLE.members
  // Servers of their own each time: those of another way would take the changes off the outbox as well.
  const turn = async (fanout: Readonly<Record<string, string>>, streams = true): Promise<Turn> => {
    const servers = [await serveSnug(bench, fanout), await serveSnug(bench, fanout)]
    const ports = servers.map(({ port }) => port)
    if (streams) await clients.connect(ports)
    sent += (await load(ports, CONNECTIONS, warm, next)).count
    const before = await clients.frames()
    const { count, perSecond, latencies } = await load(ports, CONNECTIONS, seconds, next)
    sent += count
    const frames = ((await clients.frames()) - before) / seconds
    await clients.drop()
    await Promise.all(servers.map((server) => server.stop()))
    return { perSecond, p99: quantile(latencies, 0.99), frames }
  }
  try {
    await assertDurable(bench)
    await makePeople(bench, PEOPLE)
    await makeConversations(bench, null, PEOPLE.members, 1)
    const measured: { off: Turn; database: Turn; nats: Turn | null }[] = []
    for (let round = 0; round < rounds; round++) {
      const off = await turn({ SNUG_FANOUT: 'off' })
      const database = await turn({ SNUG_FANOUT: 'database' })
      measured.push({ off, database, nats: nats && (await turn({ NATS_URL: nats.url })) })
    }
    const silent = await turn({ SNUG_FANOUT: 'off' }, false)
    await audit(bench, sent)
    return reportOf(measured, silent, sent)
  } finally {
    await nats?.stop()
    await clients.stop()
    await bench.close()
  }
}

function reportOf(
  measured: readonly { off: Turn; database: Turn; nats: Turn | null }[],
  silent: Turn,
  sent: number,
): Report {
  const of = (way: 'off' | 'database' | 'nats', what: keyof Turn) =>
    median(measured.map((one) => one[way]?.[what] ?? Number.NaN)).toFixed(0)
  const against = (way: 'database' | 'nats') =>
    ratioOf(measured.map((one) => ({ ours: one[way]?.perSecond ?? Number.NaN, theirs: one.off.perSecond })))
  const line = (way: 'off' | 'database' | 'nats') =>
    `${of(way, 'perSecond')}, ${of(way, 'p99')} ms, ${of(way, 'frames')}`
  const byNats = against('nats')
  return {
    name: 'two',
    what: `Durable sends a second over HTTP to two servers on one database (${CONNECTIONS} connections, in turns to each; 10,000 users, ${WITH_STREAMS.communities * (WITH_STREAMS.members + 1)} of whom have a WebSocket open on one of the two, so that every message is told to somebody) with SNUG_FANOUT=database ÷ with SNUG_FANOUT=off.`,
    figures: [{ name: 'two', ...against('database'), reach: 0.9, atMost: false }],
    rows: [
      ['off: sends a second, p99 of a send, frames told a second', line('off')],
      ['database: the same', line('database')],
      ...(measured[0]?.nats
        ? ([
            ['NATS: the same', line('nats')],
            [
              'NATS ÷ off',
              `${byNats.ratio.toFixed(2)} (${byNats.low.toFixed(2)} to ${byNats.high.toFixed(2)})`,
            ],
          ] as const)
        : []),
      ['off, without a single stream, one round: sends a second', silent.perSecond.toFixed(0)],
      ['messages counted afterwards', String(sent)],
    ],
  }
}
