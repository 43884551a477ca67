import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfterMs, verdictOf } from '../../../src/notify/push/verdict.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')

test('Retry-After in seconds or as a date, from now to a day', () => {
  const cases: [string | undefined, number | null][] = [
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['86401', 86_400_000],
    ['999999999999999', 86_400_000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sunday, 22-Nov-26 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 86_400_000],
    [undefined, null],
    ['', null],
    ['soon', null],
    ['-5', null],
    ['1.5', null],
    ['Sun, whenever', null],
    ['2100', 2_100_000],
  ]
  for (const [value, ms] of cases) assert.equal(retryAfterMs(value, NOW), ms, String(value))
})

test('statuses', () => {
  const of = (status: number, headers = {}) => {
    const { outcome, service } = verdictOf({ status, headers, body: '' }, 'words')
    return `${outcome.kind} ${service}`
  }
  assert.equal(of(200), 'sent well')
  assert.equal(of(202), 'sent well')
  assert.equal(of(429), 'later crowded')
  assert.equal(of(503), 'later ill')
  assert.equal(of(503, { 'retry-after': '5' }), 'later asks')
  for (const status of [301, 307, 400, 403, 413]) assert.equal(of(status), 'refused well')
})
