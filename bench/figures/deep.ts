import { makeConversations, makeLong } from '../lib/data.ts'
import { load, requestOf, type Shot } from '../lib/load.ts'
import { authorization, makePeople } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { assertDurable, openBench, serveSnug } from '../lib/server.ts'
import { median, quantile, ratioOf } from '../lib/stats.ts'

const MESSAGES = 250_000
const CONVERSATIONS = 100_000
const PAGE = 5_000

/** Deep pages against first ones, and a list of 100,000 against one of 10; one connection, in turns. */
export async function deep(quick: boolean): Promise<Report> {
  const [rounds, seconds] = quick ? [3, 1] : [7, 3]
  const bench = await openBench()
  try {
    await assertDurable(bench)
    // Community 1 has the thread, 2 the list of 100,000, 3 the list of 10.
    await makePeople(bench, { communities: 3, members: 10 })
    await makeLong(bench, MESSAGES, CONVERSATIONS)
    await makeConversations(bench, 3, 10, 2)
    // Every list is read from the tables: from memory a long one would cost what a short one does.
    const server = await serveSnug(bench, { SNUG_LIST_CACHE_MB: '0' })
    const thread = (page: number) =>
      shot(`/api/v1/communities/community-1/messages/member-1-1?page=${page}`, 'creator-1', MESSAGES, 20)
    const list = (c: number, total: number, shown: number) =>
      shot(`/api/v1/communities/community-${c}/messages/conversations`, `creator-${c}`, total, shown)
    const p99 = async (one: Shot) =>
      quantile((await load(server.port, 1, seconds, () => one)).latencies, 0.99)
    const pairs = {
      thread: [thread(PAGE), thread(1)],
      list: [list(2, CONVERSATIONS, 20), list(3, 10, 10)],
    } as const
    for (const one of Object.values(pairs).flat()) await p99(one)
    const measured = {
      thread: [] as { ours: number; theirs: number }[],
      list: [] as { ours: number; theirs: number }[],
    }
    for (let round = 0; round < rounds; round++) {
      for (const name of ['thread', 'list'] as const) {
        const [far, near] = pairs[name]
        // Which comes first alternates: a machine that slows down would favour one.
        const first = round % 2 === 0 ? await p99(far) : 0
        const theirs = await p99(near)
        measured[name].push({ ours: first || (await p99(far)), theirs })
      }
    }
    await server.stop()
    return report(measured)
  } finally {
    await bench.close()
  }
}

function shot(path: string, user: string, total: number, shown: number): Shot {
  return {
    request: requestOf('GET', path, authorization(user)),
    check({ status, body }) {
      const answer = status === 200 ? JSON.parse(body) : null
      if (answer?.total !== total || answer.data.length !== shown)
        throw new Error(`${path} answered ${status} ${body.slice(0, 200)}`)
    },
  }
}

type Rounds = { ours: number; theirs: number }[]

function report({ thread, list }: { thread: Rounds; list: Rounds }): Report {
  const ms = (rounds: Rounds, side: 'ours' | 'theirs') =>
    `${median(rounds.map((one) => one[side])).toFixed(2)} ms`
  return {
    name: 'deep',
    what: `p99 of page ${PAGE} ÷ page 1 of a thread of ${MESSAGES.toLocaleString('en')} messages; and of the first page of a list of ${CONVERSATIONS.toLocaleString('en')} conversations ÷ of one of 10. One connection.`,
    figures: [
      { name: 'deep', ...ratioOf(thread), reach: 1.2, atMost: true },
      { name: 'deep-list', ...ratioOf(list), reach: 3, atMost: true },
    ],
    rows: [
      [`thread, page ${PAGE}, p99`, ms(thread, 'ours')],
      ['thread, page 1, p99', ms(thread, 'theirs')],
      ['list of 100,000 (shows 20), p99', ms(list, 'ours')],
      ['list of 10 (shows 10), p99', ms(list, 'theirs')],
    ],
  }
}
