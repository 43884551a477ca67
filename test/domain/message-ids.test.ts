import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIdMaker } from '../../src/actions/message-ids.ts'

// Message ids are UUIDv7 (CONTRACT §1) in the order of their conversation, whatever the clocks do.

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const NOW = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

/** @throws unless each is greater than the one before */
function assertGrowing(ids: readonly string[]): void {
  for (let i = 1; i < ids.length; i++) {
    const [before, after] = [ids[i - 1] as string, ids[i] as string]
    assert.ok(before < after, `${i}: ${before} ${after}`)
  }
}

test('a UUIDv7 in lower case, of the time that was given', () => {
  const ids = createIdMaker()
  for (const now of [0, 1, NOW, NOW + 1, 2 ** 48 - 1]) {
    const id = ids.next(now)
    assert.match(id, UUID_V7)
    assert.equal(timeOf(id), now)
  }
})

test('many within a millisecond grow, also beyond the 4,096 that its counter holds', () => {
  const maker = createIdMaker()
  const ids = Array.from({ length: 20_000 }, () => maker.next(NOW))
  for (const id of ids) assert.match(id, UUID_V7)
  assertGrowing(ids)
  assert.equal(timeOf(ids[4_095] as string), NOW)
  assert.equal(timeOf(ids[4_096] as string), NOW + 1)
  assert.equal(timeOf(ids.at(-1) as string), NOW + 4)
})

test('a clock that jumps back or stands still does not take them back', () => {
  const maker = createIdMaker()
  const clock = [0, 5, 5, -10_000, 6, 6, 5, HOUR, 0, -HOUR, HOUR, HOUR + 1, 1].map((at) => NOW + at)
  const ids = clock.flatMap((now) => Array.from({ length: 5 }, () => maker.next(now)))
  assertGrowing(ids)
  assert.equal(timeOf(ids.at(-1) as string), NOW + HOUR + 1)
})

test('the rest is random: two makers at one time make different ones', () => {
  const makers = [createIdMaker(), createIdMaker()]
  const ids = makers.flatMap((maker) => Array.from({ length: 5_000 }, () => maker.next(NOW)))
  assert.equal(new Set(ids.map((id) => id.slice(19))).size, ids.length)
  for (const digit of [19, 20, 35])
    assert.ok(new Set(ids.map((id) => id[digit])).size >= 4, 'no digit stands still')
})

test('whatever was observed, the next is greater', () => {
  const others = createIdMaker()
  for (const ahead of [-HOUR, -1, 0, 1, 1_000, HOUR, 47 * HOUR]) {
    const maker = createIdMaker()
    maker.next(NOW)
    for (let i = 0; i < 5_000; i++) others.next(NOW + ahead)
    const seen = others.next(NOW + ahead)
    maker.observe(seen, NOW)
    assertGrowing([seen, maker.next(NOW), maker.next(NOW - 5), maker.next(NOW)])
  }
})

test('the highest that there is in a millisecond, observed, is passed as well', () => {
  const maker = createIdMaker()
  const hex = NOW.toString(16).padStart(12, '0')
  const highest = `${hex.slice(0, 8)}-${hex.slice(8)}-7fff-bfff-ffffffffffff`
  maker.observe(highest, NOW)
  const next = maker.next(NOW)
  assertGrowing([highest, next])
  assert.match(next, UUID_V7)
})

test('observing an older one changes nothing', () => {
  const maker = createIdMaker()
  const ids = [maker.next(NOW), maker.next(NOW)]
  maker.observe(ids[0] as string, NOW)
  maker.observe(createIdMaker().next(NOW - HOUR), NOW)
  ids.push(maker.next(NOW))
  assertGrowing(ids)
  assert.equal(timeOf(ids[2] as string), NOW)
})

test('a server whose clock is days ahead does not pull the others along', () => {
  const maker = createIdMaker()
  const first = maker.next(NOW)
  for (const days of [3, 365, 100_000]) maker.observe(createIdMaker().next(NOW + days * 24 * HOUR), NOW)
  const next = maker.next(NOW)
  assertGrowing([first, next])
  assert.equal(timeOf(next), NOW)
})

test('what is no UUIDv7 changes nothing', () => {
  const v4 = 'ffffffff-ffff-4fff-bfff-ffffffffffff'
  const v1 = 'f0000000-0000-1000-8000-000000000000'
  const nonsense = [
    '',
    'x',
    '7',
    'zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz',
    '--------------7',
    ' '.repeat(40),
    '019b76da\u0000-a800-7',
  ]
  for (const id of [v4, v1, ...nonsense, '00000000-0000-0000-0000-000000000000']) {
    const maker = createIdMaker()
    const first = maker.next(NOW)
    maker.observe(id, NOW)
    const next = maker.next(NOW)
    assert.match(next, UUID_V7, id)
    assertGrowing([first, next])
    assert.equal(timeOf(next), NOW, id)
  }
  // Upper case is as good.
  const maker = createIdMaker()
  const seen = createIdMaker().next(NOW + HOUR)
  maker.observe(seen.toUpperCase(), NOW)
  assertGrowing([seen, maker.next(NOW)])
})
