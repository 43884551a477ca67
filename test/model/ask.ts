import { type Call, pairOf, type State } from './state.ts'
import type { Cast } from './steps.ts'

const SIZES = [1, 2, 3, 20]

/**
 * What the people whom the calls concern see afterwards: pages of different sizes in turn.
 * @param state of before the calls: a message that they delete still tells whose it was
 */
export function viewsOf(state: State, cast: Cast, calls: readonly Call[], turn: number): Call[] {
  const size = SIZES[turn % SIZES.length] as number
  const page = 1 + (turn % 3 === 0 ? 1 : 0)
  const views = new Map<string, Call>()
  const add = (call: Call) => views.set(JSON.stringify(call), call)
  const list = (c: string, by: string) =>
    add({ do: 'list', c, by, page, size, filter: filterOf(turn), q: null })
  const thread = (c: string, by: string, other: string) =>
    add({ do: 'thread', c, by, with: other, part: turn % 2 === 0 ? { page } : { page: 'last' }, size })
  for (const call of calls) {
    if (call.do === 'send' || call.do === 'delete' || call.do === 'read') {
      const pairs = both(state, call)
      for (const [by, other] of pairs) {
        list(call.c, by)
        thread(call.c, by, other)
      }
      add({ do: 'communities', by: pairs[turn % 2]?.[0] ?? call.by, page: 1, size: 20 })
    } else if ('who' in call) {
      const communities = 'c' in call ? [call.c] : cast.communities.slice(0, 2)
      for (const c of communities) {
        const creator = state.communities.get(c)?.creator ?? call.who
        for (const by of new Set([call.who, creator, cast.users[turn % 5] as string])) list(c, by)
        for (const status of ['active', 'canceled']) add({ do: 'members', c, by: creator, status })
        thread(c, call.who, creator)
        thread(c, creator, call.who)
        thread(c, cast.users[turn % 5] as string, call.who)
      }
      add({ do: 'communities', by: call.who, page: 1, size })
    }
  }
  return [...views.values()]
}

const filterOf = (turn: number) => [null, null, null, 'unread', 'awaiting_reply'][turn % 5] as string | null

/** The two people whom a call about messages concerns, each with the other. */
function both(state: State, call: Extract<Call, { do: 'send' | 'delete' | 'read' }>): [string, string][] {
  if (call.do === 'send') return turned(call.by, call.to)
  if (call.do === 'read') return turned(call.by, call.with)
  const threads = [...(state.communities.get(call.c)?.threads.values() ?? [])]
  const thread = threads.find(({ notes }) => notes.some(({ id }) => id === call.message))
  return thread ? turned(...thread.pair) : []
}

const turned = (a: string, b: string): [string, string][] => [
  [a, b],
  [b, a],
]

/** Everything that anybody can see. */
export function everything(state: State, cast: Cast): Call[] {
  const [one, two, nowhere] = cast.communities as [string, string, string]
  const known = cast.users.slice(0, 5)
  const views: Call[] = []
  for (const by of known) {
    for (const c of [one, two])
      views.push(...listsOf(c, by), ...threadsOf(c, by, othersOf(state, c, by, known)))
    for (const page of [1, 2]) views.push({ do: 'communities', by, page, size: 1 })
  }
  for (const c of [one, two, nowhere]) {
    const by = state.communities.get(c)?.creator ?? (cast.users[0] as string)
    for (const status of ['active', 'canceled', 'blocked']) views.push({ do: 'members', c, by, status })
    for (const who of [by, cast.users[5] as string]) views.push(...listsOf(c, who).slice(0, 1))
    views.push(...threadsOf(c, by, cast.users.slice(5)))
  }
  return views
}

/** All with whom there is something to see, and one of the rest, who are all refused in the same way. */
function othersOf(state: State, c: string, by: string, known: readonly string[]): string[] {
  const club = state.communities.get(c)
  const near = (other: string) =>
    club !== undefined && ([by, other].includes(club.creator) || club.threads.has(pairOf(by, other)))
  return [...known.filter(near), ...known.filter((other) => !near(other)).slice(0, 1)]
}

function listsOf(c: string, by: string): Call[] {
  const list = (page: number, size: number, filter: string | null, q: string | null): Call => {
    return { do: 'list', c, by, page, size, filter, q }
  }
  return [
    list(1, 2, null, null),
    list(2, 2, null, null),
    list(1, 20, 'unread', null),
    list(1, 2, 'awaiting_reply', 'a'),
  ]
}

const threadsOf = (c: string, by: string, users: readonly string[]): Call[] =>
  users.map((other): Call => ({ do: 'thread', c, by, with: other, part: { page: 1 }, size: 100 }))
