import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Received } from './kit.ts'
import { missedBy } from './missed.ts'
import { newWorld } from './world.ts'

// A client that does not read is cut off at 64 KiB unsent, slows nobody, and resumes when it is back (CONTRACT §6).

const world = await newWorld()
const members = Array.from({ length: 10 }, (_, i) => `member-${i}`)
await world.users('creator', ...members)
await world.community('club', 'creator')
for (const member of members) await world.member('club', member)

/** How many streams have been cut off. */
async function cutOff(): Promise<number> {
  const metrics = await (await fetch(`${world.url}/metrics`)).text()
  return Number(/^snug_streams_ended_total\{[^}]*reason="slow"[^}]*\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
}

// 30 KB in an event: with 300 of them the system's own buffers are full long before the end.
const ROUNDS = 30
const content = '…'.repeat(5_000)
const idsOf = (events: readonly Received[]) =>
  events
    .filter(({ event }) => event === 'message.created')
    .map(({ data }) => (data as Received<'message.created'>['data']).message.id)

for (const transport of ['sse', 'websocket'] as const) {
  test(`a reader that stops reading is cut off and comes back to all of it (${transport})`, async () => {
    const before = await cutOff()
    const slow = await world.open('creator', { transport })
    const reads = await world.open('creator', { transport })
    const theirs = await world.open('member-0', { transport })
    for (const stream of [slow, reads, theirs]) await stream.through('ready')
    slow.pause()
    const sent: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const messages = await Promise.all(
        members.map((member) => world.send('club', member, 'creator', content)),
      )
      sent.push(...messages.map(({ id }) => id))
    }
    const last = sent.at(-1)
    await reads.through(
      'message.created',
      ({ data }) => (data as { message: { id: string } }).message.id === last,
    )
    assert.deepEqual(new Set(idsOf(reads.received)), new Set(sent), 'whoever reads has all of it meanwhile')
    for (let i = 0; i < ROUNDS; i++) await theirs.next('message.created')
    assert.equal(await cutOff(), before + 1)
    slow.resume()
    await slow.ended
    const had = idsOf(slow.received)
    assert.ok(had.length < sent.length)
    const missed = await missedBy(world, 'creator', slow.lastId, { transport })
    const all = new Set([...had, ...idsOf(missed.created)])
    assert.deepEqual(
      sent.filter((id) => !all.has(id)),
      [],
    )
    assert.equal(
      await cutOff(),
      before + 1,
      'and reads what it had missed, however much, without being cut off',
    )
    for (const stream of [reads, theirs]) await stream.close()
  })

  test(`a rush of events in one moment cuts nobody off who reads (${transport})`, async () => {
    const before = await cutOff()
    const reads = await world.open('creator', { transport })
    await reads.through('ready')
    const sent = await Promise.all(
      Array.from({ length: 40 }, (_, i) => world.send('club', members[i % 10] as string, 'creator', content)),
    )
    const left = new Set(sent.map(({ id }) => id))
    while (left.size > 0) left.delete((await reads.next('message.created')).data.message.id)
    assert.equal(await cutOff(), before)
    await reads.close()
  })
}
