import { load } from '../lib/load.ts'
import { makePeople } from '../lib/people.ts'
import { pgbench, SEND_SCRIPT } from '../lib/pgbench.ts'
import type { Report } from '../lib/report.ts'
import { randomSends } from '../lib/sends.ts'
import { askSql, assertDurable, type Bench, openBench, serveSnug } from '../lib/server.ts'
import { median, quantile, ratioOf } from '../lib/stats.ts'

const PEOPLE = { communities: 100, members: 99 }
const CONNECTIONS = 64

/** Durable sends over HTTP against the best that pgbench does with one transaction a send. */
export async function sends(quick: boolean): Promise<Report> {
  const [rounds, seconds] = quick ? [3, 4] : [5, 8]
  const bench = await openBench()
  try {
    await assertDurable(bench)
    await makePeople(bench, PEOPLE)
    const script = `\\set communities ${PEOPLE.communities}\n\\set members ${PEOPLE.members}\n${SEND_SCRIPT}`
    let transactions = 0
    const run = async (clients: number, duration: number) => {
      const result = await pgbench(bench, script, clients, duration)
      transactions += result.transactions
      return result.perSecond
    }
    let clients = 4
    let best = 0
    for (const candidate of [4, 8, 16, 32]) {
      const perSecond = await run(candidate, quick ? 1 : 4)
      if (perSecond > best) [clients, best] = [candidate, perSecond]
    }
    const server = await serveSnug(bench)
    const next = randomSends(PEOPLE)
    let sent = (await load(server.port, CONNECTIONS, 1, next)).count
    const measured = []
    for (let round = 0; round < rounds; round++) {
      const theirs = await run(clients, seconds)
      const ours = await load(server.port, CONNECTIONS, seconds, next)
      sent += ours.count
      measured.push({
        ours: ours.perSecond,
        theirs,
        p50: quantile(ours.latencies, 0.5),
        p99: quantile(ours.latencies, 0.99),
        share: ours.generatorShare,
      })
    }
    await server.stop()
    await audit(bench, transactions + sent)
    return {
      name: 'sends',
      what: `Durable sends a second over HTTP (${CONNECTIONS} connections, 10,000 users) ÷ the best pgbench, one equivalent transaction a send.`,
      figures: [{ name: 'sends', ...ratioOf(measured), reach: 1.3, atMost: false }],
      rows: [
        ['Snug, sends a second', median(measured.map((one) => one.ours)).toFixed(0)],
        [
          `pgbench, ${clients} clients (the best of 4, 8, 16, 32), transactions a second`,
          median(measured.map((one) => one.theirs)).toFixed(0),
        ],
        [
          'Snug, p50 and p99 of a send, ms',
          `${median(measured.map((one) => one.p50)).toFixed(1)} and ${median(measured.map((one) => one.p99)).toFixed(1)}`,
        ],
        [
          "the generator's share of a core",
          `${(median(measured.map((one) => one.share)) * 100).toFixed(0)} %`,
        ],
        ['messages counted afterwards', String(transactions + sent)],
      ],
    }
  } finally {
    await bench.close()
  }
}

/** What was acknowledged is there, once, with dense positions; else nothing is reported. */
export async function audit(bench: Bench, expected: number): Promise<void> {
  const [row] = await askSql<{ messages: number; stacked: number; dense: boolean }>(
    bench,
    `select count(*) as messages, (select sum(last_position) from conversations) as stacked,
       count(*) = (select sum(last_position) from conversations) as dense from messages`,
  )
  if (Number(row?.messages) !== expected || row?.dense !== true) {
    throw new Error(
      `the audit failed: ${expected} messages were acknowledged, ${row?.messages} are there, positions say ${row?.stacked}`,
    )
  }
}
