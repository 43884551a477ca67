import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeConversations } from '../lib/data.ts'
import { load, requestOf, type Shot } from '../lib/load.ts'
import { authorization, makePeople } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { assertDurable, openBench, serve, serveSnug } from '../lib/server.ts'
import { median, quantile, ratioOf } from '../lib/stats.ts'

const PEOPLE = { communities: 200, members: 30 }
const CONNECTIONS = 64

interface Round {
  readonly ours: number
  readonly theirs: number
  readonly p99: number
  readonly shares: readonly [number, number]
}

/** Conversation lists of 20 against the same bytes from memory. */
export async function reads(quick: boolean): Promise<Report> {
  const [rounds, seconds] = quick ? [3, 3] : [5, 5]
  const bench = await openBench()
  try {
    await assertDurable(bench)
    await makePeople(bench, PEOPLE)
    await makeConversations(bench, null, PEOPLE.members, 5)
    const server = await serveSnug(bench)
    const path = (community: number) => `/api/v1/communities/community-${community}/messages/conversations`
    const answer = await fetch(`http://127.0.0.1:${server.port}${path(1)}`, {
      headers: authorization('creator-1'),
    })
    const bytes = await answer.text()
    const file = join(bench.dataDir, 'list.json')
    writeFileSync(file, bytes)
    const memory = await serve(
      spawn(process.execPath, ['bench/lib/static-server.ts', file], { stdio: ['ignore', 'pipe', 'inherit'] }),
    )
    const fixed: Shot = {
      request: requestOf('GET', '/', {}),
      check: ({ body }) => mustHave(body === bytes, body),
    }
    const lists = Array.from({ length: PEOPLE.communities }, (_, i) =>
      listShot(path(i + 1), `creator-${i + 1}`),
    )
    const next = () => lists[Math.floor(Math.random() * lists.length)] as Shot
    await load(memory.port, CONNECTIONS, 1, () => fixed)
    await load(server.port, CONNECTIONS, 2, next)
    const measured: Round[] = []
    for (let round = 0; round < rounds; round++) {
      const theirs = await load(memory.port, CONNECTIONS, seconds, () => fixed)
      const ours = await load(server.port, CONNECTIONS, seconds, next)
      measured.push({
        ours: ours.perSecond,
        theirs: theirs.perSecond,
        p99: quantile(ours.latencies, 0.99),
        shares: [ours.generatorShare, theirs.generatorShare],
      })
    }
    await server.stop()
    const tables = await serveSnug(bench, { SNUG_LIST_CACHE_MB: '0' })
    await load(tables.port, CONNECTIONS, 2, next)
    const fromTables = await load(tables.port, CONNECTIONS, seconds, next)
    await tables.stop()
    await memory.stop()
    const share = (i: 0 | 1) => `${(median(measured.map((one) => one.shares[i])) * 100).toFixed(0)} %`
    return {
      name: 'reads',
      what: `Conversation lists of 20 a second (${CONNECTIONS} connections, ${PEOPLE.communities} lists, unchanged between the reads: the database is asked whether they are, and the bytes come from memory) ÷ a Fastify route that answers the same ${bytes.length} bytes from memory.`,
      figures: [{ name: 'reads', ...ratioOf(measured), reach: 0.4, atMost: false }],
      rows: [
        ['Snug, lists a second', median(measured.map((one) => one.ours)).toFixed(0)],
        ['from memory, answers a second', median(measured.map((one) => one.theirs)).toFixed(0)],
        [
          'the same with SNUG_LIST_CACHE_MB=0, every list read from the tables, one round',
          fromTables.perSecond.toFixed(0),
        ],
        ['Snug, p99 of a list, ms', median(measured.map((one) => one.p99)).toFixed(1)],
        ["the generator's share of a core, for Snug and from memory", `${share(0)} and ${share(1)}`],
      ],
    }
  } finally {
    await bench.close()
  }
}

function listShot(path: string, user: string): Shot {
  return {
    request: requestOf('GET', path, authorization(user)),
    // Counted in the bytes: parsing every list would cost the generator more than the server.
    check: ({ status, body }) =>
      mustHave(
        status === 200 &&
          body.startsWith('{"total":30,"has_more":true,') &&
          body.split('"latest_message"').length === 21,
        body,
      ),
  }
}

function mustHave(right: boolean, body: string): void {
  if (!right) throw new Error(`a list was answered ${body.slice(0, 300)}`)
}
