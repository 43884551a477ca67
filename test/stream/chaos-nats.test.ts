import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { sql } from '../../src/store/sql.ts'
import { newChaos } from './chaos-world.ts'

const keys = sql<{ id: string; key: number }>('test.user_keys', 'select id, key from users')

/** Asks until it is so. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const until = Date.now() + 30_000
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

test('a server hears only what concerns its own open streams', async () => {
  const world = await newChaos('nats')
  const keyOf = new Map((await world.db.query(keys)).map(({ id, key }) => [id, key]))
  // For each server the users whose streams are there; which server is which, the subjects tell.
  const expected = () =>
    world.servers.map(({ url }) => {
      const users = new Set(world.readers.filter((reader) => reader.at === url).map(({ user }) => user))
      return [...users].map((user) => `user.${keyOf.get(user)}`).sort()
    })
  const heard = async () => {
    const connections = (await world.nats?.subjects()) ?? []
    return connections.map((subjects) =>
      subjects
        .filter((subject) => subject.startsWith('snug.'))
        .map((subject) => subject.split('.').slice(2).join('.'))
        .sort(),
    )
  }
  const agree = () =>
    eventually(async () => {
      const wanted = expected().map((users) => ['all', ...users])
      assert.deepEqual((await heard()).sort(), wanted.sort())
    })
  await agree()
  // Some go to wherever chance takes them: what nobody needs any more is heard no more.
  for (let i = 0; i < 20; i++) {
    const reader = world.readers[randomInt(world.readers.length)]
    const before = reader?.connections ?? 0
    reader?.cut()
    await reader?.until(() => reader.live && reader.connections > before)
  }
  await agree()
  await world.sendSome(20)
  await world.assertWhole()
  world.close()
  await eventually(async () => assert.deepEqual(await heard(), [['all'], ['all']]))
})

test('without NATS at the start Snug serves by the database, and takes NATS when it comes', async () => {
  const world = await newChaos('nats', { withNats: false })
  await world.sendSome(50)
  await world.assertWhole()
  const before = new Map(world.readers.map((reader) => [reader, reader.resyncs.length]))
  await world.nats?.start()
  await world.whenAll((reader) => reader.resyncs.length > (before.get(reader) ?? 0), 'told to start over')
  const connections = (await world.nats?.subjects()) ?? []
  assert.equal(connections.filter((subjects) => subjects.some((one) => one.startsWith('snug.'))).length, 2)
  await world.sendSome(50)
  await world.assertWhole()
})
