import { startBare, WEIGHED } from '../lib/bare.ts'
import { asker } from '../lib/child.ts'
import { makePeople } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { type Bench, openBench, serveSnug } from '../lib/server.ts'
import { median, ratioOf } from '../lib/stats.ts'
import type { Transport } from '../lib/stream-socket.ts'
import { type Group, groupsOf, type StreamClients, startClients } from '../lib/streams.ts'
import type { Weight } from '../lib/weigh.ts'

const PEOPLE = { communities: 120, members: 99 }
// What is made once, by the first connections, is no connection's; and they take the room that starting has left.
const FIRST = 2_000

interface Weighed {
  /** Bytes for each connection. */
  readonly resident: number
  readonly heap: number
}
type Round = { readonly ours: Weighed; readonly theirs: Weighed }

/** What an idle authenticated stream keeps resident, against a bare connection of the same kind. */
export async function sockets(quick: boolean): Promise<Report> {
  const [rounds, count] = quick ? [1, 5_000] : [3, 10_000]
  const bench = await openBench()
  const groups = groupsOf(PEOPLE)
  const clients = await startClients(groups)
  try {
    await makePeople(bench, PEOPLE)
    const measured: Record<Transport, Round[]> = { websocket: [], sse: [] }
    for (let round = 0; round < rounds; round++) {
      for (const transport of ['websocket', 'sse'] as const) {
        const theirs = await weighBare(groups, clients, transport, count)
        measured[transport].push({ theirs, ours: await weighSnug(bench, clients, transport, count) })
      }
    }
    return reportOf(measured, count)
  } finally {
    await clients.stop()
    await bench.close()
  }
}

interface Weighable {
  readonly port: number
  weigh(): Promise<Weight>
  stop(): Promise<void>
}

/** A new server each time: memory that connections of before have left would hold the next ones. */
async function weighOne(server: Weighable, clients: StreamClients, transport: Transport, count: number) {
  await clients.connect(server.port, { transport, most: FIRST })
  const before = await server.weigh()
  await clients.connect(server.port, { transport, most: count })
  const after = await server.weigh()
  await clients.drop()
  await server.stop()
  return {
    resident: (after.rss - before.rss) / count,
    heap: (after.heapUsed - before.heapUsed) / count,
  }
}

const weighBare = async (
  groups: readonly Group[],
  clients: StreamClients,
  transport: Transport,
  count: number,
) => weighOne(await startBare(transport, groups), clients, transport, count)

async function weighSnug(bench: Bench, clients: StreamClients, transport: Transport, count: number) {
  const server = await serveSnug(bench, {}, WEIGHED)
  const ask = asker(server.child)
  const weigh = () => ask('weigh') as Promise<Weight>
  return weighOne({ port: server.port, stop: server.stop, weigh }, clients, transport, count)
}

function reportOf({ websocket, sse }: Record<Transport, Round[]>, count: number): Report {
  const ratio = (rounds: readonly Round[]) =>
    ratioOf(rounds.map(({ ours, theirs }) => ({ ours: ours.resident, theirs: theirs.resident })))
  const kib = (rounds: readonly Round[], side: keyof Round) => {
    const of = (what: keyof Weighed) => (median(rounds.map((one) => one[side][what])) / 1_024).toFixed(1)
    return `${of('resident')} and ${of('heap')}`
  }
  return {
    name: 'sockets',
    what: `Resident memory of the server's process for each of ${count.toLocaleString('en')} idle authenticated WebSockets (beside ${FIRST.toLocaleString('en')} that are there before) ÷ a bare \`ws\` (a plain server, no compression, a token check that reads a map, sockets by user); and of streams of server-sent events ÷ a Fastify route that takes the response over. The difference in resident memory after garbage collection, without and with the connections, ÷ their count.`,
    figures: [
      { name: 'sockets', ...ratio(websocket), reach: 2, atMost: true },
      { name: 'sockets-sse', ...ratio(sse), reach: 1.5, atMost: true },
    ],
    rows: [
      ['Snug, a WebSocket, resident and in the heap, KiB', kib(websocket, 'ours')],
      ['bare `ws`, the same', kib(websocket, 'theirs')],
      ['Snug, server-sent events, resident and in the heap, KiB', kib(sse, 'ours')],
      ['bare server-sent events, the same', kib(sse, 'theirs')],
    ],
  }
}
