import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGivenUp, waitBeforeRetry } from '../../src/domain/retry.ts'

test('waits grow to half an hour, and are never shorter than the service asked', () => {
  const waits = Array.from({ length: 30 }, (_, i) => waitBeforeRetry(i + 1, null, 0))
  assert.deepEqual(waits.slice(0, 4), [5_000, 10_000, 20_000, 40_000])
  for (const [i, wait] of waits.entries()) assert.ok(wait >= (waits[i - 1] ?? 0) && wait <= 1_800_000)
  assert.equal(waits.at(-1), 1_800_000)
  assert.equal(waitBeforeRetry(1, null, 1), 5_500)
  assert.equal(waitBeforeRetry(1, 60_000, 0), 60_000)
  assert.equal(waitBeforeRetry(4, 1_000, 0), 40_000)
  assert.equal(waitBeforeRetry(100_000, null, 0), 1_800_000)
})

test('given up after a day of trying', () => {
  assert.equal(isGivenUp(0, 86_399_999), false)
  assert.equal(isGivenUp(0, 86_400_000), true)
})
