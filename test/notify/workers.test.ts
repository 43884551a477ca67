import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestSnug } from '../kit.ts'
import { serve } from '../serve/kit.ts'
import { emailed, pushed, workerEnv, workOf } from './working.ts'
import { addressOf, newWorld, reachable, setTo, until, untilQueued, untilTold, why } from './world.ts'

// Workers as processes of their own: one that is killed, one that is stopped, and several at once. Everything is sent, once.

interface Queued {
  readonly snug: TestSnug
  /** The messages' ids, sorted, which is the order of sending. */
  readonly ids: readonly string[]
}

type World = Awaited<ReturnType<typeof newWorld>>

/** Messages to as many members, turn by turn, queued by a Snug that sends nothing. */
async function queue(world: World, count: number, members: readonly string[]): Promise<Queued> {
  const snug = await world.snug({ SNUG_ROLE: 'serve' })
  await snug.users('creator')
  await snug.community('c', 'creator')
  for (const id of members) {
    await reachable(snug, world.push, id)
    await snug.member('c', id)
  }
  const sent = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      snug.send('c', 'creator', members[i % members.length] as string, `Message ${i}`),
    ),
  )
  await untilQueued(snug)
  return { snug, ids: sent.map(({ id }) => id).sort() }
}

test('killed in the middle: what it had on lease is sent by another', async () => {
  const world = await newWorld()
  const { snug, ids } = await queue(world, 40, ['m1', 'm2'])
  // The server has the mail and does not answer: nothing has been sent when the worker dies.
  world.smtp.behave({ kind: 'hang', at: 'data' })
  const victim = await serve(workerEnv(world))
  await until(async () => world.smtp.lines() > 0 && (await workOf(snug, 'email')).leased === ids.length)
  await until(async () => (await workOf(snug, 'push')).sent === ids.length)
  assert.equal(await victim.stop('SIGKILL'), null)
  assert.deepEqual(await workOf(snug, 'email'), {
    ...{ workers: 1, waiting: ids.length, leased: ids.length, sent: 0, skipped: 0 },
  })
  world.smtp.behave({ kind: 'accept' })
  await serve(workerEnv(world))
  // The lease runs on for 15 s at the most.
  await until(() => world.smtp.received.length >= ids.length, 60_000)
  await untilTold(snug)
  assert.deepEqual(emailed(world), ids)
  assert.deepEqual(pushed(world), ids, 'what was recorded is not sent again')
  assert.equal((await workOf(snug, 'email')).workers, 1, 'the dead one is buried')
})

test('SIGTERM in the middle: what is being sent is finished and recorded, the rest is given back', async () => {
  const world = await newWorld()
  const { snug, ids } = await queue(world, 400, ['m1', 'm2', 'm3', 'm4'])
  // Pushes are under way until this is opened.
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  world.push.behave(() => ({ until: gate }))
  const first = await serve(workerEnv(world))
  await until(async () => world.push.requests() > 0 && (await workOf(snug, 'push')).leased > 0)
  const ended = first.stop()
  await until(async () => !(await fetch(`${first.url}/healthz`).catch(() => null)))
  open()
  assert.equal(await ended, 0)
  const { workers, leased, sent, waiting } = await workOf(snug, 'push')
  assert.deepEqual([workers, leased], [0, 0], 'it has said good-bye')
  assert.equal(sent, pushed(world).length, 'what was taken is recorded')
  assert.ok(sent > 0 && waiting > 0, `${sent} were sent, ${waiting} are left`)

  await serve(workerEnv(world))
  await untilTold(snug)
  assert.deepEqual(pushed(world), ids)
  assert.deepEqual(emailed(world), ids)
})

test('several workers at once: everything is sent exactly once', async () => {
  const world = await newWorld()
  const members = Array.from({ length: 12 }, (_, i) => `m${i}`)
  const { snug, ids } = await queue(world, 300, members)
  const workers = await Promise.all([serve(workerEnv(world)), serve(workerEnv(world))])
  const third = await world.snug({ SNUG_ROLE: 'work' })
  // Those that come while all are at work.
  const more = await Promise.all(
    Array.from({ length: 60 }, (_, i) => snug.send('c', 'creator', members[i % 12] as string, `More ${i}`)),
  )
  const every = [...ids, ...more.map(({ id }) => id)].sort()
  await untilTold(snug)
  assert.deepEqual(emailed(world), every)
  assert.deepEqual(pushed(world), every)
  const shares = await Promise.all(
    [...workers.map(({ url }) => url), third.snug.url].map(async (url) => {
      const text = await (await fetch(`${url}/metrics`)).text()
      const counts = text.matchAll(/^snug_notifications_total\{[^}]*state="sent"\} (\d+)$/gm)
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
    }),
  )
  assert.equal(
    shares.reduce((sum, share) => sum + share, 0),
    2 * every.length,
    'each is counted by the one that sent it',
  )
})

test('several workers at once: what is gathered of a conversation is one email', async () => {
  const world = await newWorld()
  const members = Array.from({ length: 40 }, (_, i) => `m${i}`)
  const { snug, ids } = await queue(world, 0, members)
  assert.deepEqual(ids, [])
  for (const id of members) await setTo(snug, id, 'messages.email_delay', '300')
  const sent = []
  for (let i = 0; i < 5; i++)
    sent.push(...(await Promise.all(members.map((id) => snug.send('c', 'creator', id, `Message ${i}`)))))
  await untilQueued(snug)
  const held = await why(snug, sent[0]!.id)
  assert.equal(held.email, 'held: email_delay')
  // A choice that holds for what waits already: all of it becomes due.
  await Promise.all(members.map((id) => setTo(snug, id, 'messages.email_delay', '0')))
  assert.equal(world.smtp.received.length, 0)
  await Promise.all([serve(workerEnv(world)), serve(workerEnv(world))])
  await until(() => world.smtp.received.length >= members.length)
  await untilTold(snug)
  assert.deepEqual(
    world.smtp.received.map(({ to }) => to.join()).sort(),
    members.map(addressOf).sort(),
    'one for each conversation',
  )
  for (const { subject, text = '' } of await world.smtp.parsed()) {
    assert.match(subject ?? '', /^5 new messages/)
    for (let i = 0; i < 5; i++) assert.ok(text.includes(`Message ${i}`))
  }
  for (const { id } of sent) assert.equal((await why(snug, id)).email, 'sent')
})
