import type { TestSnug } from '../kit.ts'
import { everything, viewsOf } from './ask.ts'
import { perform } from './http.ts'
import { difference } from './match.ts'
import { answer, type Expected } from './model.ts'
import { type Call, copyOf, emptyState, type State, type Told, textOf } from './state.ts'
import { type Cast, callOf, groupsOf, type Step } from './steps.ts'

/** The server and the model differ. The message says where, and what was asked until then. */
export class Differs extends Error {
  override name = 'Differs'
  /** The step that failed; the number of steps when it was found at the end. */
  readonly step: number

  constructor(message: string, step: number) {
    super(message)
    this.step = step
  }
}

export interface Counts {
  commands: number
  atOnce: number
  views: number
  /** Answers by their status, to see that the commands are not mostly refused. */
  readonly statuses: Map<string, number>
}

const NAMES = ['ada', 'bob', 'cyd', 'dan', 'eve', 'nobody']

/** The people and communities of one history, like those of no other. */
export const castOf = (tag: string): Cast => ({
  users: NAMES.map((name) => `${tag}.${name}`),
  communities: ['one', 'two', 'nowhere'].map((name) => `${tag}.${name}`),
})

/**
 * Runs a history against servers on one database and against the model, and compares after every step.
 * @throws {Differs}
 */
export async function runHistory(
  servers: readonly TestSnug[],
  cast: Cast,
  steps: readonly Step[],
  counts: Counts,
): Promise<void> {
  const run = new Run(servers, counts)
  for (const calls of opening(cast)) await run.inTurn(calls)
  for (const [i, step] of steps.entries()) {
    run.step = i
    for (const parts of groupsOf(step)) {
      const state = run.states[0] as State
      const calls = parts.map((part) => callOf(state, cast, step, part, run.keyed))
      const servers = parts.map((part) => part.server)
      const views = viewsOf(state, cast, calls, run.turn++)
      await run.together(calls, servers)
      counts.commands += calls.filter(({ do: name }) => name !== 'list' && name !== 'thread').length
      if (calls.length > 1) counts.atOnce += calls.length
      await run.look(views)
    }
  }
  run.step = steps.length
  await run.look(everything(run.states[0] as State, cast))
}

/** Everybody is told of; community one has them all as members, two has some of each kind. */
function opening({ users, communities }: Cast): Call[][] {
  const [ada, bob, cyd, dan, eve] = users as [string, string, string, string, string]
  const [one, two] = communities as [string, string]
  const member = (c: string, who: string, status: string): Call => ({ do: 'member', c, who, status })
  return [
    [ada, bob, cyd, dan, eve].map((who) => ({ do: 'tell', who, name: who.split('.')[1] as string })),
    [
      { do: 'creator', c: one, who: ada },
      { do: 'creator', c: two, who: bob },
    ],
    [
      ...[bob, cyd, dan, eve].map((who) => member(one, who, 'active')),
      member(two, ada, 'active'),
      member(two, cyd, 'trialing'),
      member(two, dan, 'past_due'),
    ],
  ]
}

class Run {
  /** Every state that explains all answers so far: more than one where commands ran at the same time. */
  states: State[] = [emptyState()]
  readonly keyed: Call[] = []
  turn = 0
  step = 0
  readonly #servers: readonly TestSnug[]
  readonly #counts: Counts
  readonly #log: string[] = []

  constructor(servers: readonly TestSnug[], counts: Counts) {
    this.#servers = servers
    this.#counts = counts
  }

  /** Makes calls that do not touch each other, and so may be made at the same time. */
  async inTurn(calls: readonly Call[]): Promise<void> {
    const told = await Promise.all(calls.map((call, i) => this.#ask(call, i)))
    for (const [i, call] of calls.entries()) {
      this.#note('', call, told[i] as Told, i)
      const fault = explain(this.states[0] as State, [{ call, told: told[i] as Told }])
      if (fault !== null) this.#fail('a wrong answer', [fault])
    }
  }

  /** Makes the calls at the same time; some order of them has to explain all answers. */
  async together(calls: readonly Call[], servers: readonly number[]): Promise<void> {
    const told = await Promise.all(calls.map((call, i) => this.#ask(call, servers[i] ?? 0)))
    for (const [i, call] of calls.entries()) {
      if (call.do === 'send' && call.key !== null) this.keyed.push(call)
      this.#note(calls.length > 1 ? '  at once: ' : '', call, told[i] as Told, servers[i] ?? 0)
    }
    // "The member" of these answers is the one after the call, and may show what another call did in the meantime.
    const later = (call: Call) => calls.length > 1 && ['member', 'block', 'unblock'].includes(call.do)
    const answered = calls.map((call, i) => {
      const one = told[i] as Told
      return { call, told: later(call) && one.status < 300 ? { ...one, body: undefined } : one }
    })
    const orders = permutations(answered)
    const faults: string[] = []
    const after = new Map<string, State>()
    for (const before of this.states) {
      for (const order of orders) {
        const state = orders.length === 1 && this.states.length === 1 ? before : copyOf(before)
        const fault = explain(state, order)
        if (fault === null) after.set(orders.length === 1 ? String(after.size) : textOf(state), state)
        else faults.push(fault)
      }
    }
    if (after.size === 0)
      this.#fail(orders.length > 1 ? 'no order explains the answers' : 'a wrong answer', faults)
    this.states = [...after.values()]
  }

  /** Looks at the server with GETs, which have to agree with one of the states that are left. */
  async look(views: readonly Call[]): Promise<void> {
    const told = await Promise.all(
      views.map((view, i) => this.#ask(view, (this.turn + i) % this.#servers.length)),
    )
    this.#counts.views += views.length
    const faults: string[] = []
    this.states = this.states.filter((state) => {
      for (const [i, call] of views.entries()) {
        const fault = explain(state, [{ call, told: told[i] as Told }])
        if (fault !== null) {
          faults.push(fault)
          return false
        }
      }
      return true
    })
    if (this.states.length === 0) this.#fail('a view differs', faults)
  }

  async #ask(call: Call, server: number): Promise<Told> {
    const told = await perform(this.#servers[server % this.#servers.length] as TestSnug, call)
    const name = `${call.do} ${told.status}`
    this.#counts.statuses.set(name, (this.#counts.statuses.get(name) ?? 0) + 1)
    return told
  }

  #note(before: string, call: Call, { status, body, replayed }: Told, server: number): void {
    const text = `${before}${JSON.stringify(call)} at server ${server}`
    this.#log.push(`${text} → ${status}${replayed ? ' replayed' : ''} ${JSON.stringify(body)}`)
  }

  #fail(what: string, faults: readonly string[]): never {
    const asked = this.#log.slice(-80).join('\n')
    const causes = [...new Set(faults)].slice(0, 6).join('\n  or: ')
    throw new Differs(`${what}: ${causes}\nwhat was asked:\n${asked}`, this.step)
  }
}

/** Plays the calls in this order. @returns the first answer that it does not explain, in words */
function explain(state: State, order: readonly { call: Call; told: Told }[]): string | null {
  for (const { call, told } of order) {
    const expected = answer(state, call, told)
    const fault = differs(expected, told)
    if (fault !== null) return `${JSON.stringify(call)}: ${fault}`
  }
  return null
}

function differs(expected: Expected, told: Told): string | null {
  if (expected.status !== told.status)
    return `status ${told.status} ${JSON.stringify(told.body)}, expected ${JSON.stringify(expected)}`
  if ((expected.replayed ?? false) !== told.replayed) return `replayed is ${told.replayed}`
  return 'body' in expected && told.body !== undefined ? difference(expected.body, told.body) : null
}

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length <= 1) return [[...all]]
  return all.flatMap((one, i) => permutations(all.toSpliced(i, 1)).map((rest) => [one, ...rest]))
}
