import assert from 'node:assert/strict'
import type { OpenOptions, Received, Transport } from './kit.ts'
import type { StreamWorld } from './world.ts'

/** What a stream tells before it is ready. */
export interface Missed {
  readonly created: readonly Received<'message.created'>[]
  readonly changed: readonly Received<'conversation.changed'>[]
  readonly resync: boolean
  readonly events: readonly Received[]
}

/** Every way to come back. */
export const WAYS: readonly (Required<Pick<OpenOptions, 'sinceBy'>> & { transport: Transport })[] = [
  { transport: 'sse', sinceBy: 'header' },
  { transport: 'sse', sinceBy: 'query' },
  { transport: 'websocket', sinceBy: 'header' },
  { transport: 'websocket', sinceBy: 'query' },
]

/** Comes back, is told what was missed, and leaves. The order of the events is checked (CONTRACT §6). */
export async function missedBy(
  world: StreamWorld,
  as: string,
  since: string,
  options: OpenOptions = {},
): Promise<Missed> {
  const stream = await world.open(as, { ...options, since })
  const events = await stream.through('ready')
  await stream.close()
  return inOrder(events)
}

/** Sorts what came until `ready`. @throws {AssertionError} when it came in another order than the contract's */
export function inOrder(events: readonly Received[]): Missed {
  const names = events.map(({ event }) => event)
  const of = <Name extends Received['event']>(name: Name) =>
    events.filter((one) => one.event === name) as unknown as Received<Name>[]
  const [created, changed] = [of('message.created'), of('conversation.changed')]
  const resync = names.includes('resync')
  if (resync) assert.deepEqual(names, ['resync', 'ready'])
  else {
    const wanted = [...created.map((one) => one.event), ...changed.map((one) => one.event), 'ready']
    assert.deepEqual(names, wanted, 'messages, then conversations, then ready')
  }
  const last = new Map<string, number>()
  for (const { data } of created) {
    const key = `${data.community_id} ${data.conversation.user.id}`
    assert.ok(data.position > (last.get(key) ?? 0), 'in the order of the conversation')
    last.set(key, data.position)
  }
  const told = changed.map(({ data }) => `${data.community_id} ${data.user_id}`)
  assert.equal(new Set(told).size, told.length, 'each conversation once')
  for (const key of last.keys()) assert.ok(told.includes(key), `${key} has changed as well`)
  return { created, changed, resync, events }
}

/** What is told of each conversation is what fresh GETs answer. */
export async function agreesWithGets(
  world: StreamWorld,
  as: string,
  { changed, created }: Missed,
): Promise<void> {
  for (const { data } of changed) {
    const { community_id: community, user_id: other } = data
    const list = await world.list(as, community, { per_page: '100' })
    const entry = list.body.data?.find((one: { user: { id: string } }) => one.user.id === other)
    assert.deepEqual(data.conversation, entry ?? null, `${as} and ${other}`)
    const { body } = await world.thread(as, community, other, { per_page: '100' })
    assert.equal(data.total, body.total ?? 0, `${as} and ${other}`)
    for (const one of created) {
      if (one.data.community_id !== community || one.data.conversation.user.id !== other) continue
      const message = body.data[one.data.position - 1]
      assert.deepEqual(one.data.message, message)
      if (entry) assert.deepEqual(one.data.conversation, entry)
    }
  }
}
