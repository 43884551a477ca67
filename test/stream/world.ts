import assert from 'node:assert/strict'
import type { StreamData, StreamEventName } from '../../contract/stream.ts'
import { type ContractSnug, newContract } from '../contract/client.ts'
import { newSnug } from '../kit.ts'
import { MARKS, type OpenOptions, openStream, type Received, type TestStream, TRANSPORTS } from './kit.ts'

/** A Snug, or two on one database, whose streams a test opens. What is done is done at the first. */
export interface StreamWorld extends ContractSnug {
  readonly url: string
  readonly token: (userId: string) => string
  open(as: string, options?: OpenOptions): Promise<TestStream>
  /** Opens one of each transport at each server for each of them, ready, and told of all that was before. */
  openAll(...as: string[]): Promise<Chorus[]>
  /** Resolves when everything that was done before has been told to the streams. */
  settled(streams: readonly { readonly as: string; readonly stream: TestStream }[]): Promise<void>
  /** The same, and so long ago that whoever comes back with the last id hears nothing of it again. */
  past(streams: readonly { readonly as: string; readonly stream: TestStream }[]): Promise<void>
  /** An event of a conversation in which nothing else happens. */
  mark(as: string, stream: TestStream): Promise<void>
  /** Another server on the same database, at which nothing is done but to open streams. */
  another(): Promise<StreamWorld>
  /** No event is left that has come, and none comes of what was done before. */
  nothing(
    ...streams: readonly (Chorus | { readonly as: string; readonly stream: TestStream })[]
  ): Promise<void>
}

/** Several streams of one user, which all get the same. */
export interface Chorus {
  readonly as: string
  readonly streams: readonly TestStream[]
  next<Name extends StreamEventName>(name: Name): Promise<Received<Name>>
  /** So many events of a name, for each stream: what they tell of the conversation is of the moment when each was told. */
  burst<Name extends StreamEventName>(name: Name, count: number): Promise<StreamData[Name][][]>
}

// So much of what was told before is told again: clocks are compared.
const MARGIN_US = 2_000_000

/** @param servers 2: another one on the same database, whose streams hear by the bus */
export async function newWorld({
  servers = 1,
  env = {},
}: {
  servers?: 1 | 2
  env?: Readonly<Record<string, string>>
} = {}): Promise<StreamWorld> {
  const contract = await newContract(undefined, env)
  const { snug, databaseUrl } = contract.snug
  const other = servers === 2 ? await newSnug(databaseUrl, env) : null
  const urls = [snug.url, ...(other ? [other.snug.url] : [])]
  const { token } = contract.snug
  const open: StreamWorld['open'] = (as, options) => openStream(snug.url, token(as), options)
  const marked = new Map<string, Promise<void>>()
  const makeMarks = (as: string) => {
    const known = marked.get(as) ?? prepareMarks(contract, as)
    marked.set(as, known)
    return known
  }
  const toldUntil = async (streams: Parameters<StreamWorld['settled']>[0], after: number) => {
    const left = new Map<string, TestStream[]>()
    for (const { as, stream } of streams) left.set(as, [...(left.get(as) ?? []), stream])
    await Promise.all(
      [...left].map(async ([as, of]) => {
        await makeMarks(as)
        await markUntil(contract, as, of, after)
      }),
    )
  }
  const settled: StreamWorld['settled'] = (streams) => toldUntil(streams, Date.now() * 1_000)
  const openEverywhere = async (as: string) => {
    const ways = urls.flatMap((url) => TRANSPORTS.map((transport) => ({ url, transport })))
    const streams = await Promise.all(
      ways.map(({ url, transport }) => openStream(url, token(as), { transport })),
    )
    for (const stream of streams) await stream.next('ready')
    return streams
  }
  const world: StreamWorld = {
    ...contract,
    url: snug.url,
    token,
    open,
    openAll: async (...users) => {
      const choruses = await Promise.all(users.map(async (as) => chorusOf(as, await openEverywhere(as))))
      // What was done just before may still come from the other server.
      await settled(choruses.flatMap(partsOf))
      for (const { stream } of choruses.flatMap(partsOf)) stream.drop()
      return choruses
    },
    settled,
    past: (streams) => toldUntil(streams, Date.now() * 1_000 + MARGIN_US),
    async mark(as, stream) {
      await makeMarks(as)
      await markOnce(contract, as, [stream])
    },
    async another() {
      const { url } = (await newSnug(databaseUrl, env)).snug
      return { ...world, url, open: (as, options) => openStream(url, token(as), options) }
    },
    async nothing(...given) {
      const streams = given.flatMap((one) => ('stream' in one ? [one] : partsOf(one)))
      await settled(streams)
      for (const { as, stream } of streams) {
        const left = stream.left()
        assert.deepEqual(left, [], `${as} by ${stream.transport}`)
      }
    },
  }
  return world
}

function chorusOf(as: string, streams: readonly TestStream[]): Chorus {
  return {
    as,
    streams,
    async next(name) {
      const [first, ...others] = await Promise.all(streams.map((stream) => stream.next(name)))
      for (const one of others) assert.deepEqual(one.data, first?.data, `${as}: the same on all streams`)
      return first as NonNullable<typeof first>
    },
    burst: (name, count) =>
      Promise.all(
        streams.map(async (stream) => {
          const events: StreamData[typeof name][] = []
          for (let i = 0; i < count; i++) events.push((await stream.next(name)).data)
          return events
        }),
      ),
  }
}

const partsOf = ({ as, streams }: Chorus) => streams.map((stream) => ({ as, stream }))

/** A community for the user alone, in which nothing happens but marks. They are no creator there, whose new name would be a resync. */
async function prepareMarks(contract: ContractSnug, as: string): Promise<void> {
  const name = `${MARKS}${as}`
  await contract.users(name)
  await contract.community(name, name)
  await contract.member(name, as)
  await contract.send(name, as, name, 'mark')
}

/** What the id of an event says: until when everything has been told, in microseconds. To clients it is opaque. */
export const untilOf = ({ id }: Pick<Received, 'id'>): number =>
  Number.parseInt(id.split('-')[1] as string, 36)

/** Changes a membership, which is an event. */
async function markOnce(
  contract: ContractSnug,
  as: string,
  streams: readonly TestStream[],
): Promise<readonly Received[]> {
  const name = `${MARKS}${as}`
  const path = `/api/v1/communities/${name}/members/${as}`
  const { body } = await contract.ask('GET', path, { as: name })
  const before = streams.map((stream) => stream.marks.length)
  await contract.member(name, as, body.status === 'active' ? 'canceled' : 'active')
  return Promise.all(streams.map((stream, i) => stream.markAfter(before[i] as number)))
}

/** Makes marks until one of them says that all before `after` has been told. */
async function markUntil(
  contract: ContractSnug,
  as: string,
  streams: readonly TestStream[],
  after: number,
): Promise<void> {
  for (let round = 0; ; round++) {
    const marks = await markOnce(contract, as, streams)
    if (marks.every((mark) => untilOf(mark) >= after)) return
    assert.ok(round < 2_000, 'the moment until which all has been told stands still')
  }
}
