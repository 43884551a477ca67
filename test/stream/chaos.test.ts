import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test } from 'node:test'
import { sql } from '../../src/store/sql.ts'
import { STEPS } from './chaos-steps.ts'
import { type ChaosWorld, newChaos } from './chaos-world.ts'

// Two servers in processes of their own on one PostgreSQL, by the database and by NATS. Everything that was acknowledged is told to
// everybody whom it concerns, in the order of each conversation, and once when known ids are dropped, whatever breaks.

const DISCONNECTS = 1_000
const AT_ONCE = 8
const KILLS_EACH = 2

const cutListeners = sql<{ cut: boolean }>(
  'test.cut_listeners',
  `select pg_terminate_backend(pid) as cut from pg_stat_activity
   where datname = current_database() and application_name = 'snug listen'`,
)

/** Sends for as long as something else goes on. */
async function sendDuring(world: ChaosWorld, work: Promise<unknown>): Promise<void> {
  let over = false
  const ended = work.finally(() => {
    over = true
  })
  while (!over) await world.sendSome(4)
  await ended
}

/** All have been told to start over, a little apart. */
async function untilAllStartedOver(world: ChaosWorld, before: ReadonlyMap<unknown, number>): Promise<void> {
  await world.whenAll((reader) => reader.resyncs.length > (before.get(reader) ?? 0), 'told to start over')
  // A second is the step of what the ids say.
  const moments = new Set(world.readers.map((reader) => reader.resyncs[before.get(reader) ?? 0]))
  assert.ok(moments.size > 1, 'spread over seconds')
}

const resyncsOf = (world: ChaosWorld) => new Map(world.readers.map((one) => [one, one.resyncs.length]))

for (const bus of ['database', 'nats'] as const) {
  describe(`by ${bus}`, () => {
    test(`${DISCONNECTS} disconnects under load leave no gap`, async (t) => {
      const world = await newChaos(bus)
      let left = DISCONNECTS
      const disconnecting = async () => {
        while (left > 0) {
          const reader = world.readers[randomInt(world.readers.length)]
          if (!reader?.live) {
            await world.sendSome(1)
            continue
          }
          left--
          reader.cut()
          await Promise.all([world.sendSome(2), reader.until(() => reader.live)])
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, disconnecting))
      await world.assertWhole()
      t.diagnostic(`${world.ledger.length} messages, ${world.resyncs()} readers had to start over`)
      assert.ok(world.resyncs() < DISCONNECTS / 10, 'nearly all resume')
    })

    test('servers killed at every step of their work lose nothing and tell nothing out of order', async (t) => {
      const world = await newChaos(bus)
      const steps = STEPS.filter((step) => bus === 'database' || step !== 'after outbox.notify')
      let kills = 0
      for (const step of Array.from({ length: KILLS_EACH }, () => steps).flat()) {
        const server = world.servers[kills++ % 2] as ChaosWorld['servers'][number]
        server.killAt(step)
        await sendDuring(world, server.ended())
        await sendDuring(world, server.start())
        // All have gone to the one that was left: some are to be at each when the next one dies.
        await sendDuring(world, world.shuffle())
      }
      await world.sendSome(world.talks.length)
      await world.assertWhole()
      t.diagnostic(
        `${kills} kills, ${world.ledger.length} messages, ${world.resyncs()} readers had to start over`,
      )
    })

    test('the line to the database is cut: all start over, and end up right', async () => {
      const world = await newChaos(bus)
      await world.sendSome(20)
      const before = resyncsOf(world)
      assert.equal((await world.db.query(cutListeners)).length, 2)
      await sendDuring(world, untilAllStartedOver(world, before))
      await world.assertWhole()
    })
  })
}

describe('NATS', () => {
  test('dies and comes back: nothing is lost meanwhile, then all start over', async () => {
    const world = await newChaos('nats')
    await world.sendSome(20)
    await world.nats?.kill()
    // The database takes its place.
    await world.sendSome(50)
    await world.assertWhole()
    const before = resyncsOf(world)
    await world.nats?.start()
    await sendDuring(world, untilAllStartedOver(world, before))
    await world.assertWhole()
  })
})
