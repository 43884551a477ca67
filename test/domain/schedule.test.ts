import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextDaily, quietUntil } from '../../src/domain/schedule.ts'

const at = (iso: string) => Date.parse(iso)
const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString().replace('.000', ''))

test('daily is the next 08:00 of the time zone', () => {
  const cases = [
    ['2026-06-01T06:59:59Z', 'Europe/Lisbon', '2026-06-01T07:00:00Z'],
    ['2026-06-01T07:00:00Z', 'Europe/Lisbon', '2026-06-02T07:00:00Z'],
    ['2026-01-01T07:59:59Z', 'Europe/Lisbon', '2026-01-01T08:00:00Z'],
    ['2026-06-01T12:00:00Z', null, '2026-06-02T08:00:00Z'],
    ['2026-06-01T12:00:00Z', 'Asia/Kathmandu', '2026-06-02T02:15:00Z'],
    // The night in which summer time begins, and the one in which it ends.
    ['2026-03-28T22:00:00Z', 'Europe/Berlin', '2026-03-29T06:00:00Z'],
    ['2026-10-24T22:00:00Z', 'Europe/Berlin', '2026-10-25T07:00:00Z'],
    // A zone that this server does not know.
    ['2026-06-01T12:00:00Z', 'Mars/Olympus_Mons', '2026-06-02T08:00:00Z'],
  ] as const
  for (const [now, zone, next] of cases) assert.equal(iso(nextDaily(at(now), zone)), next, `${now} ${zone}`)
})

test('quiet hours over midnight, within a day, and never', () => {
  const night = '22:00-07:00'
  const cases = [
    ['2026-06-01T21:59:59Z', night, null],
    ['2026-06-01T22:00:00Z', night, '2026-06-02T07:00:00Z'],
    ['2026-06-02T06:59:59Z', night, '2026-06-02T07:00:00Z'],
    ['2026-06-02T07:00:00Z', night, null],
    ['2026-06-02T12:30:00Z', '12:00-13:00', '2026-06-02T13:00:00Z'],
    ['2026-06-02T13:00:00Z', '12:00-13:00', null],
    ['2026-06-02T13:00:00Z', '', null],
    ['2026-06-02T13:00:00Z', '13:00-13:00', null],
    ['2026-06-02T23:30:00Z', '22:00-00:00', '2026-06-03T00:00:00Z'],
  ] as const
  for (const [now, hours, until] of cases)
    assert.equal(iso(quietUntil(at(now), hours, null)), until, `${now} ${hours}`)
  assert.equal(iso(quietUntil(at('2026-06-01T22:30:00Z'), night, 'America/New_York')), null)
  assert.equal(iso(quietUntil(at('2026-06-02T03:00:00Z'), night, 'America/New_York')), '2026-06-02T11:00:00Z')
  // 01:30 comes twice that night; the end is reached once and for all.
  assert.equal(
    iso(quietUntil(at('2026-10-24T23:00:00Z'), '22:00-01:30', 'Europe/Berlin')),
    '2026-10-24T23:30:00Z',
  )
})

test('quiet hours end within a day, and at their end it is quiet no more', () => {
  const minute = fc.integer({ min: 0, max: 1439 })
  const clock = (m: number) =>
    `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`
  const zones = fc.constantFrom(
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Asia/Tokyo',
    null,
  )
  const moment = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') })
  fc.assert(
    fc.property(moment, minute, minute, zones, (now, from, to, zone) => {
      const hours = `${clock(from)}-${clock(to)}`
      const until = quietUntil(now, hours, zone)
      if (until === null) return
      assert.ok(until > now && until <= now + 25 * 3_600_000)
      assert.equal(quietUntil(until, hours, zone), null)
    }),
    { numRuns: 2_000 },
  )
})
