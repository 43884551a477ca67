import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BusEvents } from '../../src/realtime/bus.ts'
import { createLocalBus } from '../../src/realtime/bus-local.ts'
import { runSql } from '../kit.ts'
import { missedBy } from './missed.ts'
import { newWorld } from './world.ts'

// A server that is alone and tells no other (SNUG_FANOUT=off).

const world = await newWorld({ env: { SNUG_FANOUT: 'off' } })
await world.users('creator', 'member')
await world.community('club', 'creator')
await world.member('club', 'member')

test('the same events, and the same resume, without a bus', async () => {
  const first = await world.send('club', 'creator', 'member', 'first')
  const [creator, member] = await world.openAll('creator', 'member')
  assert.ok(creator && member)
  const path = '/api/v1/communities/club/messages'
  await world.ask('POST', `${path}/creator/read`, { as: 'member', body: { message_id: first.id } })
  for (const streams of [creator, member]) await streams.next('conversation.read')
  await world.send('club', 'member', 'creator', 'second')
  for (const streams of [creator, member]) await streams.next('message.created')
  await world.ask('POST', `${path}/creator/typing`, { as: 'member' })
  await creator.next('typing')
  const since = member.streams[0]?.lastId as string
  await world.block('club', 'member')
  for (const streams of [creator, member]) await streams.next('conversation.hidden')
  await world.nothing(creator, member)
  const missed = await missedBy(world, 'member', since)
  assert.deepEqual(
    missed.changed.map(({ data }) => data.conversation),
    [null],
  )
})

test('what is taken off the outbox has been heard before that can be seen', async () => {
  const heard: unknown[] = []
  const events = { heard: (note: unknown) => heard.push(note) } as unknown as BusEvents
  const bus = createLocalBus(world.snug.db, events)
  await world.snug.db.transaction(async (tx) => {
    assert.equal(await bus.publish(tx, []), undefined)
    assert.equal(heard.length, 1)
  })
  assert.deepEqual(await runSql(world.snug.db, 'select from outbox'), [])
})
