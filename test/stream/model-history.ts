import { SnugError } from '../../client/src/index.ts'
import { agrees, difference, type Fresh, freshOf } from './model-agree.ts'
import { newClient, type TestClient } from './model-client.ts'
import { type Held, holdOpen } from './model-held.ts'
import type { History, Part, Step } from './model-steps.ts'
import type { Told, World } from './model-world.ts'

/** What a client shows and what GETs answer differ. */
export class Differs extends Error {
  override name = 'Differs'
  /** The step after which it was so; the number of steps when it was found at the end. */
  readonly step: number

  constructor(message: string, step: number) {
    super(message)
    this.step = step
  }
}

export interface Counts {
  histories: number
  commands: number
  compared: number
  readonly events: Map<string, number>
}

export interface Cast {
  readonly users: readonly [string, string, string]
  readonly communities: readonly [string, string]
}

/** People and communities of one history alone. */
export function castOf(tag: string): Cast {
  return {
    users: [`${tag}.ada`, `${tag}.bob`, `${tag}.cyd`],
    communities: [`${tag}.one`, `${tag}.two`],
  }
}

/** What the host tells of them. */
export function linesOf({ users, communities }: Cast): object[] {
  const [ada, bob, cyd] = users
  const [one, two] = communities
  const member = (community_id: string, user_id: string) => {
    return { type: 'member', community_id, user_id, status: 'active' }
  }
  return [
    ...users.map((id) => ({ type: 'user', id, username: id.split('.')[1] })),
    { type: 'community', id: one, name: 'One', creator_id: ada },
    { type: 'community', id: two, name: 'Two', creator_id: bob },
    ...[member(one, bob), member(one, cyd), member(two, ada), member(two, cyd)],
  ]
}

interface Note {
  readonly id: string
  readonly by: string
}

/** @throws {Differs} */
export async function playHistory(world: World, cast: Cast, history: History, counts: Counts): Promise<void> {
  const run = new Run(world, cast, history, counts)
  try {
    await run.play()
    counts.histories++
  } finally {
    await run.end()
  }
}

class Run {
  readonly #world: World
  readonly #cast: Cast
  readonly #history: History
  readonly #counts: Counts
  #clients: TestClient[] = []
  readonly #creators: Record<string, string>
  readonly #notes = new Map<string, Note[]>()
  readonly #typed = new Set<string>()
  readonly #log: string[] = []
  #held: Held | null = null
  #step = 0
  #turn = 0

  constructor(world: World, cast: Cast, history: History, counts: Counts) {
    this.#world = world
    this.#cast = cast
    // A world may have fewer servers than a history could choose from.
    const steps = history.steps.map((step) =>
      step.map((part) => ({ ...part, server: part.server % world.servers.length })),
    )
    this.#history = { ...history, steps }
    this.#counts = counts
    const [one, two] = cast.communities
    this.#creators = { [one]: cast.users[0], [two]: cast.users[1] }
  }

  async play(): Promise<void> {
    this.#open()
    for (const [i, step] of this.#history.steps.entries()) {
      this.#step = i
      if (i === this.#history.rests) {
        await this.#outlast()
        await this.#compare()
      }
      const held = this.#held
      await this.#take(step)
      if (held) await this.#release(held)
      else if (this.#held && this.#history.outlasts) await this.#outlast()
      await this.#compare()
    }
    this.#step = this.#history.steps.length
    await this.#close()
  }

  async end(): Promise<void> {
    await this.#held?.end(false)
    for (const client of this.#clients) {
      client.close()
      const { events } = this.#counts
      for (const [name, n] of client.wire.counts) events.set(name, (events.get(name) ?? 0) + n)
    }
  }

  #open(): void {
    const { clients, perPage, events, wide } = this.#history.plan
    const [ada, bob, cyd] = this.#cast.users
    const [one, two] = this.#cast.communities
    const thread = (c: string, other: string) => ({ c, other })
    const shown = [
      { user: ada, threads: [thread(one, bob)], more: [thread(one, cyd), thread(two, bob)] },
      { user: bob, threads: [thread(one, ada)], more: [thread(one, cyd), thread(two, ada)] },
      { user: cyd, threads: [thread(one, ada)], more: [thread(one, bob)] },
    ]
    this.#clients = shown.slice(0, clients).map(({ user, threads, more }, i) => {
      const plan = {
        transport: (events >> i) & 1 ? ('sse' as const) : ('websocket' as const),
        perPage,
        inboxes: wide ? [one, two] : [one],
        threads: wide ? [...threads, ...more] : threads,
      }
      return newClient(this.#world, user, plan, i % this.#world.servers.length)
    })
  }

  /** The parts of a step at the same time; a transaction that is to stay open begins before them. */
  async #take(step: Step): Promise<void> {
    const hold = step.find((part) => part.do === 'hold')
    if (hold && !this.#held) await this.#hold(hold)
    const alone = step.length === 1
    await Promise.all(step.map((part) => this.#do(part, alone)))
    this.#counts.commands += step.length
  }

  async #hold(part: Part): Promise<void> {
    const [, two] = this.#cast.communities
    const [from, to] = this.#pairOf(part, two)
    this.#held = await holdOpen(this.#world, {
      c: two,
      from,
      to,
      notes: this.#notesOf(two, from, to),
      n: part.n,
    })
    this.#say(`holds open: ${this.#held?.what ?? 'nothing, it was refused'}`)
  }

  async #release(held: Held): Promise<void> {
    this.#held = null
    this.#say(`${held.commits ? 'commits' : 'rolls back'}: ${held.what}`)
    await held.end(held.commits)
  }

  /** Streams look back for two seconds and a half, and another second goes by between two looks at how far they have come. */
  async #outlast(): Promise<void> {
    const until = (await this.#world.clock()) + 4_500_000
    while ((await this.#world.clock()) < until) await new Promise((resolve) => setTimeout(resolve, 100))
    const [one] = this.#cast.communities
    const creator = this.#creators[one] as string
    // What the clients have heard of last is as new as it can be, and has changed nothing.
    for (const user of this.#cast.users.filter((id) => id !== creator)) {
      for (const [from, to] of [
        [creator, user],
        [user, creator],
      ] as const) {
        const client = this.#liveClient(to)
        client?.typing.delete(`${one} ${from}`)
        const path = `/api/v1/communities/${one}/messages/${to}/typing`
        const { status } = await this.#world.call(0, 'POST', path, { as: from })
        if (status === 204 && client) await this.#hears(client, one, from)
      }
    }
  }

  #liveClient(user: string): TestClient | undefined {
    return this.#clients.find((one) => one.user === user && !one.away && one.snug.stream.state === 'live')
  }

  async #do(part: Part, alone: boolean): Promise<void> {
    const { users, communities } = this.#cast
    // What is held open has locks in the other community, and on its people.
    const wide = ['end', 'rejoin', 'rename', 'change creator', 'erase'].includes(part.do)
    if (this.#held && wide) return
    const c = this.#held ? communities[0] : (communities[part.c] as string)
    const x = users[part.x] as string
    const client = this.#clients[part.x % this.#clients.length] as TestClient
    switch (part.do) {
      case 'hold':
        return
      case 'cut':
        if (!client.away) this.#say(`${client.user} is cut off`)
        return client.cut()
      case 'come back':
        if (client.away) this.#say(`${client.user} comes back to server ${part.server}`)
        return client.away && !this.#isGone(client) ? client.comeBack(part.server) : undefined
      case 'rename':
        return void (await this.#host(part, 'PUT', `users/${x}`, {
          username: `${x.split('.')[1]} ${part.n}`,
        }))
      case 'erase':
        await this.#host(part, 'DELETE', `users/${x}`)
        for (const one of this.#clients) if (one.user === x) one.close()
        return
      case 'change creator': {
        const told = await this.#host(part, 'PUT', `communities/${c}`, { name: 'Renamed', creator_id: x })
        if (told.status < 300) this.#creators[c] = x
        return
      }
      default:
        return this.#doBetween(part, c, this.#pairOf(part, c), alone)
    }
  }

  async #doBetween(
    part: Part,
    c: string,
    [from, to]: readonly [string, string],
    alone: boolean,
  ): Promise<void> {
    const member = from === this.#creators[c] ? to : from
    const members = `communities/${c}/members/${member}`
    const path = `/api/v1/communities/${c}/messages`
    const notes = this.#notesOf(c, from, to)
    const last = notes.at(-1 - (part.n % 5 === 0 ? 1 : 0))
    switch (part.do) {
      case 'send':
      case 'send with a key':
        return this.#send(part, c, from, to)
      case 'send by the client':
        return this.#sendByClient(part, c, from, to)
      case 'delete':
        return last && this.#delete(part, c, last, to === last.by ? from : to)
      case 'read': {
        const store = part.n % 3 === 0 ? this.#threadOf(from, c, to) : undefined
        if (!last) return
        if (!store)
          return void (await this.#ask(part, 'POST', `${path}/${to}/read`, from, { message_id: last.id }))
        this.#say(`${from} marks ${c} ${to} read by the client: ${last.id}`)
        return store.markRead(last.id).catch(refusedOnly)
      }
      case 'typing': {
        const client = this.#liveClient(to)
        const { status } = await this.#ask(part, 'POST', `${path}/${to}/typing`, from, {})
        // One note through in 3 seconds: only the first is never held back, also where nobody was there to hear it.
        const key = `${c} ${from} ${to}`
        const first = status === 204 && !this.#typed.has(key)
        if (status === 204) this.#typed.add(key)
        if (first && alone && client && !this.#isGone(client)) await this.#hears(client, c, from)
        return
      }
      case 'block':
      case 'unblock':
        return void (await this.#host(part, 'POST', `${members}/${part.do}`, {}))
      default: {
        const status = part.do === 'rejoin' ? 'active' : (['canceled', 'past_due'][part.n % 2] as string)
        return void (await this.#host(part, 'PUT', members, { status }))
      }
    }
  }

  async #send(part: Part, c: string, from: string, to: string): Promise<void> {
    const content = part.do === 'send' ? `text ${part.n}` : 'with a key'
    const headers =
      part.do === 'send' ? undefined : { 'idempotency-key': `key ${part.n % 3}`.replace(' ', '-') }
    const body = { recipient_id: to, content }
    const {
      status,
      body: sent,
      header,
    } = await this.#ask(part, 'POST', `/api/v1/communities/${c}/messages`, from, body, headers)
    if (status === 201 && header('idempotent-replayed') === null)
      this.#notesOf(c, from, to).push({ id: sent.id, by: from })
  }

  async #sendByClient(part: Part, c: string, from: string, to: string): Promise<void> {
    const store = this.#threadOf(from, c, to)
    if (!store) return this.#send({ ...part, do: 'send' }, c, from, to)
    const content = `by the client ${this.#log.length}`
    this.#say(`${from} sends ${to} in ${c} by the client: ${content}`)
    const localId = store.send(content)
    await store.settled()
    const sent = store.getSnapshot().messages.findLast((one) => one.content === content)
    if (sent?.status === 'failed') store.discard(localId)
    else if (sent) this.#notesOf(c, from, to).push({ id: sent.id, by: from })
  }

  async #delete(part: Part, c: string, { id, by }: Note, to: string): Promise<void> {
    const store = part.n % 3 === 1 ? this.#threadOf(by, c, to) : undefined
    if (!store) await this.#ask(part, 'DELETE', `/api/v1/communities/${c}/messages/${id}`, by)
    else {
      this.#say(`${by} deletes by the client, in ${c} with ${to}: ${id}`)
      await store.delete(id).catch(refusedOnly)
    }
    // Whatever came of it, it is not tried twice in a row.
    const notes = this.#notesOf(c, by, to)
    const at = notes.findIndex((note) => note.id === id)
    if (at >= 0) notes.splice(at, 1)
  }

  async #hears(client: TestClient, c: string, from: string): Promise<void> {
    const until = Date.now() + 10_000
    while (!client.typing.has(`${c} ${from}`)) {
      if (Date.now() > until) this.#fail(`${client.user} has not heard that ${from} types in ${c}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async #compare(): Promise<readonly Fresh[]> {
    const here = this.#clients.filter((client) => !client.away && !this.#isGone(client))
    const fresh = await this.#fresh(here)
    const faults = await Promise.all(here.map((client, i) => agrees(client, fresh[i] as Fresh)))
    this.#judge(here, fresh, faults)
    return fresh
  }

  /** All come back; when the servers have told everything and everything has come, it is right without any more waiting. */
  async #close(): Promise<void> {
    if (this.#held) await this.#release(this.#held)
    const here = this.#clients.filter((client) => !this.#isGone(client))
    for (const [i, client] of here.entries()) if (client.away) client.comeBack(i % 2)
    const fresh = await this.#compare()
    await this.#world.handedOver(new Set(here.map(({ server }) => server)))
    await Promise.all(
      here.map(async (client) => {
        await client.drained()
        await Promise.all([...client.inboxes, ...client.threads].map(({ store }) => store.settled()))
      }),
    )
    const faults = here.map((client, i) => difference(client, fresh[i] as Fresh))
    this.#judge(
      here,
      fresh,
      faults.map((fault) => fault && `after the end: ${fault}`),
    )
  }

  #fresh(clients: readonly TestClient[]): Promise<Fresh[]> {
    this.#turn += clients.length
    return freshOf(this.#world, clients, this.#turn)
  }

  #judge(here: readonly TestClient[], fresh: readonly Fresh[], faults: readonly (string | null)[]): void {
    for (const [i, client] of here.entries()) {
      this.#counts.compared += client.inboxes.length + client.threads.length
      const fault = faults[i] ?? client.wire.faults[0]
      if (fault) this.#fail(fault)
    }
    const lost = fresh
      .flatMap(({ lists, threads }) => [...lists, ...threads])
      .find(({ status }) => status > 499)
    if (lost) this.#fail(`a GET was answered ${lost.status}`)
  }

  /** The creator and one of the others; now and then others who have written to each other. */
  #pairOf({ x, turn, n }: Part, c: string): readonly [string, string] {
    const { users } = this.#cast
    const creator = this.#creators[c] as string
    const one = users[x] === creator ? users[(x + 1) % 3] : users[x]
    const two = n % 7 === 0 ? (users.find((user) => user !== one && user !== creator) as string) : creator
    return turn ? [two, one as string] : [one as string, two]
  }

  #notesOf(c: string, a: string, b: string): Note[] {
    const key = [c, ...[a, b].sort()].join(' ')
    const notes = this.#notes.get(key) ?? []
    this.#notes.set(key, notes)
    return notes
  }

  #threadOf(user: string, c: string, other: string) {
    const client = this.#clients.find((one) => one.user === user)
    if (!client || this.#isGone(client)) return undefined
    return client.threads.find((thread) => thread.c === c && thread.other === other)?.store
  }

  readonly #gone = new Set<string>()

  #isGone({ user }: TestClient): boolean {
    return this.#gone.has(user)
  }

  async #host({ server }: Part, method: string, path: string, body?: object): Promise<Told> {
    if (method === 'DELETE') this.#gone.add(path.split('/')[1] as string)
    // An erasure waits for older transactions, and gives up while one is held open elsewhere: it is asked for until it is done.
    let told = await this.#world.call(server, method, `/service/v1/${path}`, body && { body })
    while (method === 'DELETE' && told.status === 503)
      told = await this.#world.call(server, method, `/service/v1/${path}`)
    this.#told(`the host: ${method} ${path} ${JSON.stringify(body ?? {})} at server ${server}`, told)
    return told
  }

  async #ask(
    { server }: Part,
    method: string,
    path: string,
    as: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Told> {
    const told = await this.#world.call(server, method, path, { as, headers, ...(body && { body }) })
    this.#told(`${as}: ${method} ${path} ${JSON.stringify(body ?? {})} at server ${server}`, told)
    return told
  }

  #told(what: string, { status, body }: Told): void {
    this.#say(`${what} → ${status} ${JSON.stringify(body)}`)
    if (status > 499) this.#fail('a server failed')
  }

  #say(line: string): void {
    this.#log.push(`${this.#step}: ${line}`)
  }

  #fail(what: string): never {
    throw new Differs(`${what}\nwhat was done:\n${this.#log.join('\n')}`, this.#step)
  }
}

/** A refusal is an answer like any other; a failure is none. */
function refusedOnly(error: unknown): void {
  if (!(error instanceof SnugError) || error.status === 0 || error.status > 499) throw error
}
