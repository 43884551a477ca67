import { startBare } from '../lib/bare.ts'
import { makePeople } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { assertDurable, openBench, serveSnug } from '../lib/server.ts'
import { median, ratioOf } from '../lib/stats.ts'
import { groupsOf, startClients } from '../lib/streams.ts'
import { audit } from './sends.ts'

const PEOPLE = { communities: 50, members: 99 }
const MEANWHILE = 1_000

/** All clients dropped, connected again and caught up, against a bare `ws` to which as many connect. */
export async function reconnect(quick: boolean): Promise<Report> {
  const rounds = quick ? 2 : 7
  const bench = await openBench()
  const groups = groupsOf(PEOPLE)
  const clients = await startClients(groups)
  try {
    await assertDurable(bench)
    await makePeople(bench, PEOPLE)
    const bare = await startBare('websocket', groups)
    const snug = await serveSnug(bench)
    await clients.connect(snug.port)
    const ours = async () => {
      await clients.drop()
      await clients.send(snug.port, MEANWHILE)
      const frames = await clients.frames()
      const milliseconds = await clients.connect(snug.port, { resume: true })
      // When the last of them is ready, all have been told of all that was sent meanwhile.
      const missing = await clients.missing()
      if (missing > 0) throw new Error(`${missing} of ${MEANWHILE} messages were missed`)
      return { milliseconds, frames: (await clients.frames()) - frames }
    }
    const theirs = async () => {
      await clients.drop()
      return clients.connect(bare.port)
    }
    // Neither side's first time: it compiles what the others run.
    await theirs()
    await clients.drop()
    await clients.connect(snug.port)
    await ours()
    const measured: { ours: number; theirs: number; frames: number; anew: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const bareMs = await theirs()
      await clients.drop()
      const anew = await clients.connect(snug.port)
      const { milliseconds, frames } = await ours()
      measured.push({ ours: milliseconds, theirs: bareMs, frames, anew })
    }
    await clients.drop()
    await Promise.all([snug.stop(), bare.stop()])
    await audit(bench, MEANWHILE * (rounds + 1))
    const of = (what: keyof (typeof measured)[number]) => median(measured.map((one) => one[what])).toFixed(0)
    const people = (PEOPLE.communities * (PEOPLE.members + 1)).toLocaleString('en')
    return {
      name: 'reconnect',
      what: `${people} dropped clients in two processes, connected again by WebSocket with \`since\` and caught up with ${MEANWHILE.toLocaleString('en')} messages that were sent meanwhile, until all of them are \`ready\` ÷ a bare \`ws\` to which as many connect, each of which is sent a frame. When the last is ready, every message has come to both of its people's streams.`,
      figures: [{ name: 'reconnect', ...ratioOf(measured), reach: 2.5, atMost: true }],
      rows: [
        ['Snug, connected again and caught up, ms', of('ours')],
        ['Snug, connected anew, with nothing to catch up with, ms', of('anew')],
        ['bare `ws`, connected, ms', of('theirs')],
        ['frames that Snug told them', of('frames')],
        ['messages missed', '0'],
      ],
    }
  } finally {
    await clients.stop()
    await bench.close()
  }
}
