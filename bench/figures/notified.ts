import { CA_PATH } from '../../test/notify/behaviour.ts'
import { type Load, load } from '../lib/load.ts'
import { forgetNotifications, left, reachEverybody, setEverybody } from '../lib/notified.ts'
import { makePeople, settle } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { randomSends } from '../lib/sends.ts'
import { assertDurable, openBench, serveSnug } from '../lib/server.ts'
import { startSink } from '../lib/sinks.ts'
import { median, quantile, ratioOf } from '../lib/stats.ts'
import { audit } from './sends.ts'

const PEOPLE = { communities: 100, members: 99 }
const CONNECTIONS = 64

/** Sends with email and push on for everybody against sends with all of it off, one process doing everything. */
export async function notified(quick: boolean): Promise<Report> {
  const [rounds, seconds] = quick ? [3, 4] : [7, 8]
  const bench = await openBench()
  const [smtp, push] = [await startSink('smtp'), await startSink('push')]
  try {
    await assertDurable(bench)
    await makePeople(bench, PEOPLE)
    await reachEverybody(bench, push.port)
    const server = await serveSnug(bench, {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      SNUG_WEB_PUSH_ALLOW: '127.0.0.0/8',
      NODE_EXTRA_CA_CERTS: CA_PATH,
    })
    const next = randomSends(PEOPLE)
    let sent = (await load(server.port, CONNECTIONS, 2, next)).count
    const run = async (on: boolean) => {
      await setEverybody(bench, { email: on, push: on })
      await forgetNotifications(bench)
      await settle(bench)
      const result = await load(server.port, CONNECTIONS, seconds, next)
      sent += result.count
      return result
    }
    const measured: { ours: number; theirs: number; told: number; backlog: number; on: Load; off: Load }[] =
      []
    for (let round = 0; round < rounds; round++) {
      const off = await run(false)
      const before = { smtp: await smtp.taken(), push: await push.taken() }
      const on = await run(true)
      const told =
        (await smtp.taken()).count + (await push.taken()).count - before.smtp.count - before.push.count
      const { outbox, waiting } = await left(bench)
      measured.push({
        ours: on.perSecond,
        theirs: off.perSecond,
        told: told / seconds,
        backlog: waiting + 2 * outbox,
        on,
        off,
      })
    }
    await server.stop()
    await audit(bench, sent)
    const p99 = (which: 'on' | 'off') =>
      median(measured.map((one) => quantile(one[which].latencies, 0.99))).toFixed(1)
    return {
      name: 'notified',
      what: `Durable sends a second over HTTP (${CONNECTIONS} connections, 10,000 users) with email and push on for everybody ÷ with all of it off. One process; the mail server, the push service and the generator share its machine. What is not sent meanwhile waits.`,
      figures: [{ name: 'notified', ...ratioOf(measured), reach: 0.85, atMost: false }],
      rows: [
        ['sends a second, on', median(measured.map((one) => one.ours)).toFixed(0)],
        ['sends a second, off', median(measured.map((one) => one.theirs)).toFixed(0)],
        ['p99 of a send, on and off, ms', `${p99('on')} and ${p99('off')}`],
        ['notifications sent a second meanwhile', median(measured.map((one) => one.told)).toFixed(0)],
        ['notifications left to send after a round', median(measured.map((one) => one.backlog)).toFixed(0)],
      ],
    }
  } finally {
    await smtp.stop()
    await push.stop()
    await bench.close()
  }
}
