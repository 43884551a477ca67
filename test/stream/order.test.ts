import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createOrder, type Ordered } from '../../src/realtime/order.ts'

// The order of changes, however they come to a server: any interleaving of any ways, with doubles and with what never comes.

interface Change extends Ordered {
  readonly way: number
}

const SECOND = 1_000_000

/** Changes of one conversation, a little apart. */
const changesOf = (key: string, gaps: readonly number[]): Change[] => {
  let at = 1_000 * SECOND
  return gaps.map((gap, i) => {
    const previousAt = i === 0 ? null : at
    at += gap
    return { key, change: i + 1, changedAt: at, previousAt, way: 0 }
  })
}
const histories = fc
  .array(fc.array(fc.integer({ min: 1, max: 2 * SECOND }), { minLength: 1, maxLength: 12 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((all) => all.map((gaps, i) => changesOf(`conversation ${i}`, gaps)))

/** Every change comes by one way or by several, in any order among all. */
const arrivals = histories.chain((all) => {
  const changes = all.flat()
  return fc.record({
    all: fc.constant(all),
    coming: fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: changes.length, maxLength: changes.length })
      .chain((ways) => {
        const copies = changes.flatMap((change, i) =>
          Array.from({ length: ways[i] as number }, (_, way) => ({ ...change, way })),
        )
        return fc.shuffledSubarray(copies, { minLength: copies.length })
      }),
  })
})

function follow() {
  const through: Change[] = []
  const missed: Change[] = []
  let now = 0
  const order = createOrder<Change>(
    (change) => through.push(change),
    (change) => missed.push(change),
    () => now,
  )
  const numbers = (key: string) => through.filter((one) => one.key === key).map(({ change }) => change)
  return {
    order,
    through,
    missed,
    numbers,
    pass: (ms: number) => {
      now += ms
    },
  }
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

test('any interleaving of any ways, with doubles, comes out as 1, 2, 3 … of each conversation, each once', () => {
  fc.assert(
    fc.property(arrivals, ({ all, coming }) => {
      const { order, missed, numbers } = follow()
      for (const change of coming) order.offer(change)
      for (const changes of all) assert.deepEqual(numbers(changes[0]?.key as string), upTo(changes.length))
      assert.deepEqual(missed, [])
    }),
    { numRuns: 1_000 },
  )
})

test('moments until which all has come, told anywhere in between, lose and double nothing', () => {
  fc.assert(
    fc.property(arrivals, fc.infiniteStream(fc.boolean()), ({ all, coming }, advances) => {
      const { order, missed, numbers } = follow()
      const first = new Set<string>()
      const left = new Map(all.flat().map((one) => [`${one.key} ${one.change}`, one.changedAt]))
      for (const change of coming) {
        order.offer(change)
        first.add(`${change.key} ${change.change}`)
        left.delete(`${change.key} ${change.change}`)
        // As the database says it: nothing that has not come here was made before.
        const settled = Math.min(...left.values(), 2_000 * SECOND)
        if (advances.next().value) order.advance(settled)
      }
      for (const changes of all) assert.deepEqual(numbers(changes[0]?.key as string), upTo(changes.length))
      assert.deepEqual(missed, [])
    }),
    { numRuns: 1_000 },
  )
})

test('a server that begins in the middle tells what comes, in order, and what comes again of before not at all', () => {
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 12 }), ({ all, coming }, nth) => {
      const { order, missed, numbers } = follow()
      const start = all[0]?.[Math.min(nth, (all[0]?.length ?? 1) - 1)]?.changedAt as number
      order.advance(start)
      for (const change of coming) order.offer(change)
      for (const changes of all) {
        const after = changes.filter(({ changedAt }) => changedAt >= start).map(({ change }) => change)
        assert.deepEqual(numbers(changes[0]?.key as string), after)
      }
      assert.deepEqual(missed, [])
    }),
    { numRuns: 1_000 },
  )
})

test('what waits for one that never comes is let go after 5 seconds, and said to have missed something', () => {
  const { order, missed, numbers, pass } = follow()
  const [one, , three, four] = changesOf('c', [1, 1, 1, 1]) as [Change, Change, Change, Change]
  order.offer(one)
  order.offer(four)
  order.offer(three)
  pass(5_000)
  order.expire(true)
  assert.deepEqual(numbers('c'), [1])
  pass(1)
  order.expire(true)
  assert.deepEqual(numbers('c'), [1, 3, 4])
  assert.deepEqual(missed, [three])
})

test('a moment after the one before it lets go what waits, and nothing was missed', () => {
  const { order, missed, numbers } = follow()
  const [, two, three] = changesOf('c', [1, 1, 1]) as [Change, Change, Change]
  order.offer(three)
  order.offer(two)
  order.advance(two.previousAt as number)
  assert.deepEqual(numbers('c'), [])
  order.advance((two.previousAt as number) + 1)
  assert.deepEqual(numbers('c'), [2, 3])
  assert.deepEqual(missed, [])
})

test('after it has forgotten, what comes waits until the one before it must have come', () => {
  const { order, missed, numbers } = follow()
  const [one, two, three] = changesOf('c', [1, 1, 1]) as [Change, Change, Change]
  order.offer(one)
  order.forget()
  order.offer(three)
  assert.deepEqual(numbers('c'), [1])
  order.advance(three.changedAt)
  assert.deepEqual(numbers('c'), [1, 3])
  order.offer(two)
  order.offer(three)
  assert.deepEqual(numbers('c'), [1, 3])
  assert.deepEqual(missed, [])
})

test('it does not grow: more than 10,000 that wait are let go, those that wait longest say that they missed something', () => {
  const { order, through, missed } = follow()
  const waits = (i: number): Change => ({ ...(changesOf(`c ${i}`, [1, 1])[1] as Change) })
  for (let i = 0; i < 10_000; i++) order.offer(waits(i))
  assert.equal(through.length, 0)
  order.offer(waits(10_000))
  assert.equal(through.length, 10_001)
  assert.equal(missed.length, 10_001)
})
