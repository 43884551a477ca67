import { load } from '../lib/load.ts'
import { makePeople } from '../lib/people.ts'
import { pgbench, SEND_SCRIPT } from '../lib/pgbench.ts'
import type { Report } from '../lib/report.ts'
import { randomSends } from '../lib/sends.ts'
import { assertDurable, openBench, serveSnug } from '../lib/server.ts'
import { median, quantile, ratioOf } from '../lib/stats.ts'
import { audit } from './sends.ts'

const PEOPLE = { communities: 100, members: 99 }

/** One client on an idle server against pgbench's one client. */
export async function latency(quick: boolean): Promise<Report> {
  const [rounds, seconds] = quick ? [3, 4] : [5, 6]
  const bench = await openBench()
  try {
    await assertDurable(bench)
    await makePeople(bench, PEOPLE)
    const script = `\\set communities ${PEOPLE.communities}\n\\set members ${PEOPLE.members}\n${SEND_SCRIPT}`
    const server = await serveSnug(bench)
    const next = randomSends(PEOPLE)
    let expected = (await load(server.port, 1, 2, next)).count
    const measured = []
    for (let round = 0; round < rounds; round++) {
      const theirs = await pgbench(bench, script, 1, seconds)
      const ours = await load(server.port, 1, seconds, next)
      expected += theirs.transactions + ours.count
      measured.push({
        ours: quantile(ours.latencies, 0.5),
        theirs: theirs.latency,
        p99: quantile(ours.latencies, 0.99),
      })
    }
    await server.stop()
    await audit(bench, expected)
    return {
      name: 'latency',
      what: "One client, idle server: p50 of a send ÷ pgbench's one-client mean of the same transaction.",
      figures: [{ name: 'latency', ...ratioOf(measured), reach: 2.0, atMost: true }],
      rows: [
        ['Snug, p50 of a send, ms', median(measured.map((one) => one.ours)).toFixed(2)],
        ['Snug, p99 of a send, ms', median(measured.map((one) => one.p99)).toFixed(2)],
        ["pgbench, one client's mean, ms", median(measured.map((one) => one.theirs)).toFixed(2)],
      ],
    }
  } finally {
    await bench.close()
  }
}
