import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from '../../../src/notify/push/gate.ts'
import type { Verdict } from '../../../src/notify/push/verdict.ts'

const WELL: Verdict = { outcome: { kind: 'sent' }, service: 'well' }
const later = (service: Verdict['service'], afterMs: number | null = null): Verdict => ({
  outcome: { kind: 'later', words: 'busy', afterMs },
  service,
})

/** A gate by a clock that stands still, and attempts that end when they are told. */
function setUp(limit = 8, turnMs = 600_000) {
  const clock = { now: 1000 }
  const gate = new Gate({ limit, deadlineMs: 10_000, turnMs, now: () => clock.now })
  const attempts: ((verdict: Verdict) => void)[] = []
  const open = () => new Promise<Verdict>((resolve) => attempts.push(resolve))
  let devices = 0
  return {
    clock,
    gate,
    attempts,
    pass: (service = 'a', device = `device ${++devices}`) => gate.pass(service, device, open),
    at: (service: string, verdict: Verdict, device = `device ${++devices}`) =>
      gate.pass(service, device, async () => verdict),
  }
}

test('each failure in a row pauses for twice as long, up to a minute; one success ends it', async () => {
  const { gate, clock, at } = setUp()
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    await at('a', later('ill'))
    assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: seconds * 1000 })
    clock.now += seconds * 1000 - 1
    assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: 1 })
    clock.now++
  }
  assert.equal((await at('b', WELL)).kind, 'sent', 'another service')
  assert.equal((await at('a', WELL)).kind, 'sent')
  await at('a', later('ill'))
  assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: 1000 }, 'begins anew')
  assert.equal(gate.size, 1, 'services that work are forgotten')
})

test('what failed together counts once, and a success of before the pause ends nothing', async () => {
  const { attempts, pass, at } = setUp()
  const all = [pass(), pass(), pass(), pass()]
  for (const end of attempts.slice(0, 3)) end(later('ill'))
  await Promise.all(all.slice(0, 3))
  assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: 1000 })
  attempts[3]?.(WELL)
  assert.equal((await all[3])?.kind, 'sent')
  assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: 1000 })
})

test('after a pause one goes first, and the others when it is answered', async () => {
  const { clock, attempts, pass, at } = setUp()
  await at('a', later('ill'))
  await at('a', WELL)
  clock.now += 1000
  const first = pass()
  assert.equal(attempts.length, 1)
  assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: 1000 })
  attempts[0]?.(WELL)
  await first
  assert.equal((await at('a', WELL)).kind, 'sent')
})

test('what hangs since before the pause holds up nobody after it', async () => {
  const { clock, attempts, pass, at } = setUp()
  const hanging = pass()
  await at('a', later('ill'))
  clock.now += 1000
  assert.equal((await at('a', WELL)).kind, 'sent')
  attempts[0]?.(later('ill'))
  await hanging
  assert.equal((await at('a', WELL)).kind, 'sent')
})

test('what a service asks for is waited out in full, also when later successes come in', async () => {
  const { clock, attempts, pass, at } = setUp()
  const before = pass()
  await at('a', later('asks', 7_200_000))
  attempts[0]?.(WELL)
  await before
  clock.now += 7_199_999
  assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: 1 })
  clock.now++
  assert.equal((await at('a', WELL)).kind, 'sent')
})

test('what several were asked at once counts once', async () => {
  const { clock, attempts, pass, at } = setUp()
  const all = [pass(), pass(), pass()]
  for (const end of attempts) end(later('asks', 5000))
  await Promise.all(all)
  clock.now += 5000
  await at('a', later('ill'))
  assert.deepEqual(await at('a', WELL), { kind: 'paused', afterMs: 2000 })
})

test('429 pauses the device; three in a row the service, for a minute at most', async () => {
  const { clock, at } = setUp()
  await at('a', later('crowded', 90_000), 'flooded')
  assert.deepEqual(await at('a', WELL, 'flooded'), { kind: 'paused', afterMs: 90_000 })
  await at('a', later('crowded', 90_000), 'second')
  assert.equal((await at('a', WELL, 'good')).kind, 'sent')
  for (const device of ['third', 'fourth']) await at('a', later('crowded', 90_000), device)
  assert.equal((await at('a', WELL, 'good')).kind, 'sent', 'something was taken in between')
  for (const device of ['fifth', 'sixth', 'seventh']) await at('a', later('crowded', 90_000), device)
  assert.deepEqual(await at('a', WELL, 'good'), { kind: 'paused', afterMs: 60_000 })
  clock.now += 90_000
  assert.equal((await at('a', WELL, 'flooded')).kind, 'sent')
})

test('more than the limit wait for their turn, in order, and are let go when the service fails', async () => {
  const { attempts, pass } = setUp(2)
  const all = Array.from({ length: 6 }, () => pass())
  assert.equal(attempts.length, 2)
  attempts[0]?.(WELL)
  attempts[1]?.(WELL)
  await Promise.all(all.slice(0, 2))
  await new Promise(setImmediate)
  assert.equal(attempts.length, 4, 'two more, and not one too many')
  attempts[2]?.(later('ill'))
  assert.deepEqual(await Promise.all([all[2], all[4], all[5]]), [
    { kind: 'later', words: 'busy', afterMs: null },
    { kind: 'paused', afterMs: 1000 },
    { kind: 'paused', afterMs: 1000 },
  ])
  attempts[3]?.(WELL)
  assert.equal((await all[3])?.kind, 'sent')
  assert.equal(attempts.length, 4)
})

test('where nothing moves nobody waits long for a turn, and the next ones not at all', async () => {
  const { clock, attempts, pass } = setUp(1, 50)
  const hanging = pass()
  assert.deepEqual(await pass(), { kind: 'paused', afterMs: 1000 }, 'after waiting')
  clock.now += 50
  const second = pass()
  attempts[0]?.(WELL)
  assert.equal((await hanging).kind, 'sent')
  await new Promise(setImmediate)
  clock.now += 51
  const third = pass()
  attempts[1]?.(WELL)
  assert.deepEqual(await third, { kind: 'paused', afterMs: 1000 }, 'at once, though a turn came')
  assert.equal((await second).kind, 'sent')
  assert.equal(attempts.length, 2)
})

test('the queue and the memory are bounded', async () => {
  const { gate, attempts, pass, at } = setUp(1)
  const all = Array.from({ length: 257 }, () => pass())
  assert.deepEqual(await pass(), { kind: 'paused', afterMs: 1000 })
  attempts[0]?.(later('ill'))
  await Promise.all(all)
  for (let number = 0; number < 10_050; number++) await at(`origin ${number}`, later('ill'))
  assert.equal(gate.size, 10_000)
})
