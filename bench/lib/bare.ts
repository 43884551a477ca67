import { type Child, startChild } from './child.ts'
import type { Transport } from './stream-socket.ts'
import type { Group } from './streams.ts'
import type { Weight } from './weigh.ts'

/** A send of Snug's as it was answered and told, for the bare servers to say the same. */
export interface Sample {
  readonly answer: string
  readonly frame: string
  /** The message's text, in the two. */
  readonly content: string
}

export type BareHandlers = {
  /** @returns the port */
  listen(given: { tokens: ReadonlyMap<string, string>; sample: Sample | null }): Promise<number>
  weigh(): Promise<Weight>
}

export interface BareServer extends Pick<Child<BareHandlers>, 'stop'> {
  readonly port: number
  weigh(): Promise<Weight>
}

export const WEIGHED = ['--expose-gc', '--import', new URL('./weigh.ts', import.meta.url).href]

/** The denominators: what passes frames, or only holds connections, with nothing around it. */
export async function startBare(
  transport: Transport,
  groups: readonly Group[],
  sample: Sample | null = null,
): Promise<BareServer> {
  const file = transport === 'websocket' ? './bare-websocket.ts' : './bare-sse.ts'
  const child = startChild<BareHandlers>(file, WEIGHED)
  const tokens = new Map(groups.flatMap((group) => group.people.map((one) => [one.authorization, one.id])))
  const port = await child.ask('listen', { tokens, sample })
  return { port, stop: child.stop, weigh: () => child.ask('weigh') }
}
