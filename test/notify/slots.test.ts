import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSlots } from '../../src/notify/slots.ts'

/**
 * A service that answers `parallel` exchanges at once, each in `ms`, and has the others wait: with n slots an exchange ends every
 * ms / min(n, parallel).
 */
function settle(most: number, service: { parallel: number; ms: number }, far = 0, exchanges = 10_000) {
  let now = 0
  const slots = createSlots({ most, worth: 0.8, far, clock: () => now })
  const seen = new Map<number, number>()
  for (let i = 0; i < exchanges; i++) {
    const limit = slots.limit()
    assert.ok(limit >= 1 && limit <= most)
    now += service.ms / Math.min(limit, service.parallel)
    slots.done(true)
    seen.set(limit, (seen.get(limit) ?? 0) + 1)
  }
  // Where it was most of the time.
  return [...seen].toSorted((a, b) => b[1] - a[1])[0]?.[0]
}

test('a far service that takes many at once gets as many as there are', () => {
  assert.equal(settle(10, { parallel: 1_000, ms: 200 }), 10)
  assert.equal(settle(32, { parallel: 1_000, ms: 50 }), 32)
})

test('a service that is at its limit is asked by few', () => {
  assert.equal(settle(32, { parallel: 1, ms: 5 }), 1)
  assert.equal(settle(10, { parallel: 2, ms: 5 }), 2)
  const some = settle(32, { parallel: 8, ms: 20 }) as number
  assert.ok(some >= 8 && some <= 12, `${some}`)
})

test('a service that is near gets one at a time, if that is asked for', () => {
  assert.equal(settle(32, { parallel: 100, ms: 5 }, 20), 1)
  assert.equal(settle(32, { parallel: 100, ms: 50 }, 20), 32)
})

test('the bound that is configured holds', () => {
  assert.equal(settle(1, { parallel: 100, ms: 10 }), 1)
  assert.equal(settle(3, { parallel: 100, ms: 10 }), 3)
})

test('without others that wait nothing is learned', () => {
  let now = 0
  const slots = createSlots({ most: 10, worth: 0.8, far: 0, clock: () => now })
  for (let i = 0; i < 1_000; i++) {
    now += i
    slots.done(false)
  }
  assert.equal(slots.limit(), 1)
})
