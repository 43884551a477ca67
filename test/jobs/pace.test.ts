import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace } from '../../src/jobs/pace.ts'

test('background work rests while sends are gathered, in proportion and not for ever, and not otherwise', () => {
  let now = 0
  const pace = createPace(() => now)
  assert.equal(pace.restAfter(100), 0, 'nobody sends')
  for (let i = 0; i < 100; i++) pace.observe(2)
  assert.equal(pace.restAfter(100), 0, 'no rush')
  for (let i = 0; i < 100; i++) pace.observe(64)
  assert.equal(Math.round(pace.restAfter(10)), 240)
  assert.equal(pace.restAfter(60_000), 3_000)
  now += 100
  assert.equal(pace.restAfter(10), 0, 'the rush is over')
})
