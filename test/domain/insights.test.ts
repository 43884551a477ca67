import assert from 'node:assert/strict'
import { test } from 'node:test'
import { periodsUntil } from '../../src/domain/insights.ts'
import { presentInsights } from '../../src/presenters/insights.ts'

const periods = (now: string, zone: string) => periodsUntil(Date.parse(now), zone)

test('90 days and 13 weeks from Monday, the current ones with them', () => {
  // A Wednesday.
  const { days, weeks, from } = periods('2026-11-25T23:59:59Z', 'UTC')
  assert.deepEqual([days.length, weeks.length], [90, 13])
  assert.deepEqual(days.at(-1), { date: '2026-11-25', from: '2026-11-25T00:00:00Z' })
  assert.deepEqual(days[0], { date: '2026-08-28', from: '2026-08-28T00:00:00Z' })
  assert.deepEqual(weeks.at(-1), { date: '2026-11-23', from: '2026-11-23T00:00:00Z' })
  assert.deepEqual(weeks[0], { date: '2026-08-31', from: '2026-08-31T00:00:00Z' })
  assert.equal(from, '2026-08-28T00:00:00Z')
})

test('on a Sunday the weeks begin first', () => {
  const { days, weeks, from } = periods('2026-11-29T12:00:00Z', 'UTC')
  assert.equal(weeks.at(-1)?.date, '2026-11-23')
  assert.deepEqual([days[0]?.date, weeks[0]?.date], ['2026-09-01', '2026-08-31'])
  assert.equal(from, '2026-08-31T00:00:00Z')
})

test('days begin by the clock of the time zone, over changes of summer time', () => {
  const { days, weeks } = periods('2026-10-26T23:30:00Z', 'Europe/Berlin')
  assert.deepEqual(days.slice(-4), [
    { date: '2026-10-24', from: '2026-10-23T22:00:00Z' },
    { date: '2026-10-25', from: '2026-10-24T22:00:00Z' },
    { date: '2026-10-26', from: '2026-10-25T23:00:00Z' },
    { date: '2026-10-27', from: '2026-10-26T23:00:00Z' },
  ])
  assert.equal(weeks.at(-1)?.from, '2026-10-25T23:00:00Z')
  // Summer time begins at midnight: the day has no 00:00.
  const cairo = periods('2026-04-24T12:00:00Z', 'Africa/Cairo').days.at(-1)
  assert.deepEqual(cairo, { date: '2026-04-24', from: '2026-04-23T22:00:00Z' })
})

test('old names of time zones are read as Intl reads them', () => {
  for (const zone of ['IST', 'Asia/Kolkata', 'asia/calcutta'])
    assert.equal(periods('2026-11-25T12:00:00Z', zone).days.at(-1)?.from, '2026-11-24T18:30:00Z', zone)
  assert.throws(() => periods('2026-11-25T12:00:00Z', 'Mars/Olympus'), RangeError)
})

test('the figures are complete when nothing was cut off, of whichever series', () => {
  const some = periods('2026-11-25T12:00:00Z', 'Asia/Tokyo')
  const shown = (since: string | null, more: boolean) => {
    const { since: from, complete } = presentInsights(some, { since, days: [] }, [], { more, ages: [] })
    return [from, complete]
  }
  assert.deepEqual(shown(null, false), ['2026-08-27T15:00:00Z', true])
  assert.deepEqual(shown(null, true), ['2026-08-27T15:00:00Z', false])
  assert.deepEqual(shown('2026-11-01 10:00:00+00', false), ['2026-11-01T10:00:00Z', false])
})
