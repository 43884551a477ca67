import { test } from 'node:test'
import type { Inbox, InboxOptions, Snug, Thread } from '../../client/src/index.ts'
import { newSnug, type TestSnug } from '../kit.ts'
import { assertFreshInbox, assertFreshThread, clientOf, eventually, type Line, lineTo } from './kit.ts'

// Random histories: whatever happens, and however often lines are cut, the stores hold what fresh GETs answer once they are at rest.

const ROUNDS = Number(process.env.SNUG_CLIENT_ROUNDS ?? 12)
const STEPS = 25
const MEMBERS = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']
const INBOXES: readonly InboxOptions[] = [{ perPage: 2 }, {}, { filter: 'unread' }, { q: 'm1' }]

/** Numbers by chance that are the same for the same seed. */
function chance(seed: number) {
  let state = seed
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const of = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  return { random, of }
}

interface World {
  readonly snug: TestSnug
  readonly community: string
  readonly proxy: Line
  readonly creator: Snug
  readonly inboxes: { readonly store: Inbox; readonly query: InboxOptions }[]
  readonly threads: { readonly store: Thread; readonly client: Snug; readonly other: string }[]
}

async function newWorld(snug: TestSnug, proxy: Line, seed: number): Promise<World> {
  const name = (id: string) => `${id}-${seed}`
  const community = `club-${seed}`
  await snug.users(name('ada'), ...MEMBERS.map(name))
  await snug.community(community, name('ada'))
  for (const id of MEMBERS) await snug.member(community, name(id))
  const transport = seed % 2 === 0 ? 'sse' : 'websocket'
  const clients = new Map(
    ['ada', ...MEMBERS.slice(0, 2)].map((id) => [
      id,
      clientOf(snug, name(id), { url: proxy.url, transport }),
    ]),
  )
  const of = (id: string) => clients.get(id) as Snug
  const thread = (id: string, other: string, perPage: number) => ({
    store: of(id).thread(community, name(other), { perPage }),
    client: of(id),
    other: name(other),
  })
  return {
    snug,
    community,
    proxy,
    creator: of('ada'),
    inboxes: INBOXES.map((query) => ({ store: of('ada').inbox(community, query), query })),
    threads: [
      thread('ada', 'm1', 3),
      thread('ada', 'm2', 50),
      thread('m1', 'ada', 2),
      thread('m2', 'ada', 50),
      thread('ada', 'm3', 2),
    ],
  }
}

type Step = (world: World, seed: number, by: ReturnType<typeof chance>) => Promise<unknown> | unknown

const memberOf = (seed: number, by: ReturnType<typeof chance>) => `${by.of(MEMBERS)}-${seed}`
const service = (world: World, method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
  world.snug.call(method, `/service/v1/${path}`, { service: true, ...(body && { body }) })

const send: Step = ({ snug, community }, seed, by) => {
  const [ada, member] = [`ada-${seed}`, memberOf(seed, by)]
  const [as, recipient_id] = by.random() < 0.5 ? [ada, member] : [member, ada]
  const body = { recipient_id, content: `text ${Math.floor(by.random() * 1e9)}` }
  return snug.call('POST', `/api/v1/communities/${community}/messages`, { as, body })
}
const remove: Step = async ({ snug, community }, seed, by) => {
  const [ada, member] = [`ada-${seed}`, memberOf(seed, by)]
  const { body } = await snug.call('GET', `/api/v1/communities/${community}/messages/${member}?page=last`, {
    as: ada,
  })
  const last = body.data?.at(-1)
  if (last)
    await snug.call('DELETE', `/api/v1/communities/${community}/messages/${last.id}`, { as: last.sender.id })
}
const read: Step = async ({ creator, community }, seed, by) => {
  const member = memberOf(seed, by)
  const { data } = await creator.messages
    .list(community, member, { page: 'last' })
    .catch(() => ({ data: [] }))
  const id = data[Math.floor(by.random() * data.length)]?.id
  if (id) await creator.messages.markRead(community, member, id).catch(() => {})
}
const own: Step = ({ threads }, _, by) => {
  const { store } = by.of(threads)
  store.send(`by hand ${Math.floor(by.random() * 1e9)}`)
}
const scroll: Step = ({ threads, inboxes }, _, by) => {
  const { store } = by.of(threads)
  void [store.loadOlder, store.loadNewer, store.loadLatest, () => by.of(inboxes).store.loadMore()][
    Math.floor(by.random() * 4)
  ]?.()
}
const STEPS_BY_WEIGHT: readonly (readonly [number, Step])[] = [
  [10, send],
  [4, remove],
  [3, read],
  [4, own],
  [3, scroll],
  [3, ({ proxy }) => proxy.cut()],
  [
    1,
    (world, seed, by) =>
      service(world, 'POST', `communities/${world.community}/members/${memberOf(seed, by)}/block`, {}),
  ],
  [
    2,
    (world, seed, by) =>
      service(world, 'POST', `communities/${world.community}/members/${memberOf(seed, by)}/unblock`),
  ],
  [
    1,
    (world, seed, by) =>
      service(world, 'PUT', `communities/${world.community}/members/${memberOf(seed, by)}`, {
        status: by.of(['active', 'canceled']),
      }),
  ],
  [
    1,
    (world, seed, by) =>
      service(world, 'PUT', `users/${memberOf(seed, by)}`, { username: `name ${by.random()}` }),
  ],
  [0.2, (world, seed, by) => service(world, 'DELETE', `users/${memberOf(seed, by)}`)],
]
const BAG = STEPS_BY_WEIGHT.flatMap(([weight, step]) => Array<Step>(Math.ceil(weight * 5)).fill(step))

async function assertFresh(world: World): Promise<void> {
  for (const { store, client, other } of world.threads)
    await eventually(() => assertFreshThread(client, store, world.community, other))
  for (const { store, query } of world.inboxes)
    await eventually(() => assertFreshInbox(world.creator, store, world.community, query))
}

const snug = await newSnug()

for (let round = 1; round <= ROUNDS; round++) {
  const seed = Number(process.env.SNUG_CLIENT_SEED ?? round)
  test(`history ${seed}`, async () => {
    const proxy = await lineTo(snug.snug.url)
    const by = chance(seed)
    const world = await newWorld(snug, proxy, seed)
    try {
      for (let step = 0; step < STEPS; step++) {
        await by.of(BAG)(world, seed, by)
        if (by.random() < 0.1) await assertFresh(world)
      }
      await assertFresh(world)
    } finally {
      for (const { store } of [...world.threads, ...world.inboxes]) store.close()
    }
  })
}
