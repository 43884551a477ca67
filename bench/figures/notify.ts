import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  forgetNotifications,
  left,
  queueMessages,
  reachEverybody,
  setEverybody,
  until,
} from '../lib/notified.ts'
import { makePeople, settle } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { type Bench, openBench, type ServedSnug, serveSnug } from '../lib/server.ts'
import { type Sink, startSink } from '../lib/sinks.ts'
import { median, ratioOf } from '../lib/stats.ts'

const MEMBERS = 100

/** Emails a second from the queue through the pool to a local smtp-server, against nodemailer alone doing the same. */
export async function notify(quick: boolean): Promise<Report> {
  const [rounds, emails, many] = quick ? [3, 2_000, 5_000] : [5, 5_000, 100_000]
  const bench = await openBench()
  const sink = await startSink('smtp')
  try {
    await makePeople(bench, { communities: 1, members: MEMBERS })
    await reachEverybody(bench, 1)
    await setEverybody(bench, { email: true, push: false })
    // Relays; works on nothing.
    const serving = await serveSnug(bench, { SNUG_ROLE: 'serve' })
    const measured = []
    for (let round = 0; round < rounds; round++) {
      const theirs = await alone(sink, emails)
      measured.push({ ours: await ours(bench, sink, emails), theirs })
    }
    const memory = await drain(bench, sink, many)
    await serving.stop()
    return {
      name: 'notify',
      what: `Emails a second from the queue through the pool to a local smtp-server ÷ nodemailer alone doing the same (5 connections each); and the worker's memory while ${many.toLocaleString('en')} drain.`,
      figures: [
        { name: 'notify', ...ratioOf(measured), reach: 0.7, atMost: false },
        {
          name: 'memory',
          ratio: memory.growth,
          low: memory.growth,
          high: memory.growth,
          rounds: 1,
          reach: 1.25,
          atMost: true,
        },
      ],
      rows: [
        ['Snug, emails a second', median(measured.map((one) => one.ours)).toFixed(0)],
        ['nodemailer alone, emails a second', median(measured.map((one) => one.theirs)).toFixed(0)],
        [`${many.toLocaleString('en')} waiting, drained in`, `${memory.seconds.toFixed(0)} s`],
        [
          'memory after a tenth of them, and at the most, MiB',
          `${memory.early.toFixed(0)} and ${memory.most.toFixed(0)}`,
        ],
      ],
    }
  } finally {
    await sink.stop()
    await bench.close()
  }
}

// At the service's end, from the first to the last, so that neither side's start counts.
async function perSecond(sink: Sink): Promise<number> {
  const { count, first, last } = await sink.taken()
  return ((count - 1) * 1_000) / (last - first)
}

async function alone(sink: Sink, emails: number): Promise<number> {
  await sink.reset()
  const args = [
    new URL('../lib/nodemailer-alone.ts', import.meta.url).pathname,
    String(sink.port),
    String(emails),
  ]
  await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')
  return perSecond(sink)
}

const work = (bench: Bench, sink: Sink): Promise<ServedSnug> =>
  serveSnug(bench, { SNUG_ROLE: 'work', SMTP_URL: `smtp://127.0.0.1:${sink.port}/?maxConnections=5` })

async function ours(bench: Bench, sink: Sink, emails: number): Promise<number> {
  await forgetNotifications(bench)
  await queueMessages(bench, emails, MEMBERS)
  await settle(bench)
  await sink.reset()
  const worker = await work(bench, sink)
  await until(async () => (await left(bench)).waiting === 0)
  await worker.stop()
  const { count } = await sink.taken()
  if (count !== emails) throw new Error(`${emails} were to be sent, ${count} were`)
  return perSecond(sink)
}

/** The worker's memory while a great many drain: after a tenth of them, and at the most after that. */
async function drain(bench: Bench, sink: Sink, emails: number) {
  await forgetNotifications(bench)
  await queueMessages(bench, emails, MEMBERS)
  await settle(bench)
  await sink.reset()
  const began = performance.now()
  const worker = await work(bench, sink)
  let early = 0
  let most = 0
  for (let count = 0; count < emails; await sleep(500)) {
    ;({ count } = await sink.taken())
    const now = residentMiB(worker.pid)
    if (count < emails / 10) early = Math.max(early, now)
    most = Math.max(most, now)
  }
  const seconds = (performance.now() - began) / 1_000
  await worker.stop()
  return { early, most, growth: most / early, seconds }
}

function residentMiB(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1_024
}
