import type { Sample } from './bare.ts'
import { type Child, startChild } from './child.ts'
import { authorization, type People } from './people.ts'
import type { Transport } from './stream-socket.ts'

export interface Person {
  readonly id: string
  /** The header. */
  readonly authorization: string
}

/** The people of a community who have streams, its creator first. */
export interface Group {
  readonly communityId: string
  readonly people: readonly Person[]
}

export interface Connecting {
  readonly port: number
  readonly transport: Transport
  /** With the id of the last event that came. */
  readonly resume: boolean
  /** At the most so many of those that have no stream. */
  readonly most: number
}

export interface Firing {
  readonly port: number
  readonly perSecond: number
  readonly seconds: number
  /** Between a community's creator and those of its members who come from this one on, up to that one. */
  readonly members: readonly [from: number, to: number]
}

/** Milliseconds, one of each message. */
export interface Fired {
  /** From the moment the 201 was read to the moment the frame was; a frame that was read before counts 0. */
  readonly afterAnswer: Float64Array
  /** From the moment the request was written to the moment the frame was read. */
  readonly afterRequest: Float64Array
  /** From the moment the request was written to the moment the 201 was read. */
  readonly answer: Float64Array
}

export type ClientsHandlers = {
  people(groups: readonly Group[]): void
  connect(to: Connecting): Promise<void>
  drop(): Promise<void>
  fire(order: Firing): Promise<Fired>
  sample(to: { port: number }): Promise<Sample>
  send(order: { port: number; count: number }): Promise<void>
  missing(): number
  frames(): number
}

/** Clients with a stream each, in processes of their own. */
export interface StreamClients {
  /** @returns milliseconds until all of them are `ready` */
  connect(
    port: number | readonly number[],
    how?: { transport?: Transport; resume?: boolean; most?: number },
  ): Promise<number>
  drop(): Promise<void>
  /** Sends between them, at a rate in all. */
  fire(order: Firing): Promise<Fired>
  /** One send, as it was answered and told to the other. */
  sample(port: number): Promise<Sample>
  /** Sends so many between them. */
  send(port: number, count: number): Promise<void>
  /** Of those that were sent like that, how many did not come to both people's streams. Forgets them. */
  missing(): Promise<number>
  /** Frames that all have received since they began. */
  frames(): Promise<number>
  stop(): Promise<void>
}

/** The people of `makePeople`, or the first of each community, creators with them. */
export function groupsOf({ communities, members }: People): Group[] {
  const person = (id: string): Person => ({ id, authorization: authorization(id).authorization as string })
  return Array.from({ length: communities }, (_, i) => {
    const c = i + 1
    const ids = Array.from({ length: members }, (_, m) => `member-${c}-${m + 1}`)
    return { communityId: `community-${c}`, people: [`creator-${c}`, ...ids].map(person) }
  })
}

/** @param processes that the communities are dealt to */
export async function startClients(groups: readonly Group[], processes = 2): Promise<StreamClients> {
  const children = Array.from({ length: processes }, () => startChild<ClientsHandlers>('./stream-child.ts'))
  const all = <One>(ask: (child: Child<ClientsHandlers>, i: number) => Promise<One>) =>
    Promise.all(children.map(ask))
  await all((child, i) =>
    child.ask(
      'people',
      groups.filter((_, g) => g % processes === i),
    ),
  )
  const share = (count: number) => Math.ceil(count / processes)
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
  return {
    async connect(port, { transport = 'websocket', resume = false, most = Number.POSITIVE_INFINITY } = {}) {
      const ports = [port].flat()
      const begun = performance.now()
      await all((child, i) =>
        child.ask('connect', {
          port: ports[i % ports.length] as number,
          transport,
          resume,
          most: share(most),
        }),
      )
      return performance.now() - begun
    },
    drop: async () => void (await all((child) => child.ask('drop'))),
    async fire(order) {
      const perSecond = share(order.perSecond)
      const fired = await all((child) => child.ask('fire', { ...order, perSecond }))
      const merged = (of: keyof Fired) => Float64Array.from(fired.flatMap((one) => [...one[of]])).sort()
      return {
        afterAnswer: merged('afterAnswer'),
        afterRequest: merged('afterRequest'),
        answer: merged('answer'),
      }
    },
    sample: (port) => (children[0] as Child<ClientsHandlers>).ask('sample', { port }),
    send: async (port, count) =>
      void (await all((child) => child.ask('send', { port, count: share(count) }))),
    missing: async () => sum(await all((child) => child.ask('missing'))),
    frames: async () => sum(await all((child) => child.ask('frames'))),
    stop: async () => void (await all((child) => child.stop())),
  }
}
