import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gather, type Settler } from '../../src/actions/gather.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'

type Batch = readonly Settler<number, number>[]

/** A gathering whose work waits until it is let go, batch by batch. */
function held(limits: Partial<{ size: number; inFlight: number; waiting: number }> = {}) {
  const batches: number[][] = []
  const gates: (() => void)[] = []
  const gathered = gather<number, number>(
    { size: 100, inFlight: 1, waiting: 1_000, ...limits },
    async (batch) => {
      batches.push(batch.map(({ asked }) => asked))
      await new Promise<void>((resolve) => gates.push(resolve))
      answerAll(batch)
    },
  )
  const letGo = async () => {
    gates.shift()?.()
    await turn()
    await turn()
  }
  return { gathered, batches, letGo }
}

const answerAll = (batch: Batch) => {
  for (const { asked, answer } of batch) answer(asked * 10)
}
const turn = () => new Promise((resolve) => setImmediate(resolve))
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

test('what is asked in one turn goes together, and each gets its own answer', async () => {
  const sizes: number[] = []
  const gathered = gather<number, number>({ size: 100, inFlight: 1, waiting: 100 }, async (batch) => {
    sizes.push(batch.length)
    answerAll(batch.toReversed())
  })
  const answers = await Promise.all(upTo(50).map((n) => gathered.ask(n)))
  assert.deepEqual(
    answers,
    upTo(50).map((n) => n * 10),
  )
  assert.deepEqual(sizes, [50])
})

test('what is asked while a batch is worked on becomes the next, in the order it came', async () => {
  const { gathered, batches, letGo } = held()
  const first = gathered.ask(1)
  await turn()
  const later = [2, 3, 4].map((n) => gathered.ask(n))
  await turn()
  assert.deepEqual(batches, [[1]])
  assert.equal(gathered.waiting, 3)
  await letGo()
  assert.deepEqual(batches, [[1], [2, 3, 4]])
  assert.equal(gathered.waiting, 0)
  await letGo()
  assert.deepEqual(await Promise.all([first, ...later]), [10, 20, 30, 40])
})

test('a batch is never larger than its size', async () => {
  const { gathered, batches, letGo } = held({ size: 3 })
  const asked = Promise.all(upTo(7).map((n) => gathered.ask(n)))
  await turn()
  for (let i = 0; i < 3; i++) await letGo()
  await asked
  assert.deepEqual(batches, [[0, 1, 2], [3, 4, 5], [6]])
})

test('no more batches are begun than may be in flight', async () => {
  const { gathered, batches, letGo } = held({ size: 1, inFlight: 2 })
  const asked = Promise.all(upTo(3).map((n) => gathered.ask(n)))
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual(batches, [[0], [1]])
  await letGo()
  assert.deepEqual(batches, [[0], [1], [2]])
  await letGo()
  await letGo()
  await asked
})

test('too many that wait are refused before anything of theirs is begun', async () => {
  const { gathered, batches, letGo } = held({ waiting: 2 })
  const first = gathered.ask(0)
  await turn()
  const waiting = [gathered.ask(1), gathered.ask(2)]
  await assert.rejects(gathered.ask(3), StoreUnavailable)
  await letGo()
  const after = gathered.ask(4)
  await letGo()
  await letGo()
  await Promise.all([first, ...waiting, after])
  assert.ok(!batches.flat().includes(3))
})

test('what work throws fails those that it left, and the next batch is worked on', async () => {
  let broken = true
  const gathered = gather<number, number>({ size: 100, inFlight: 1, waiting: 100 }, async (batch) => {
    if (!broken) return answerAll(batch)
    broken = false
    batch[0]?.answer(1)
    batch[1]?.fail(new Error('its own'))
    throw new Error('all that are left')
  })
  const [one, two, three] = await Promise.allSettled([0, 1, 2].map((n) => gathered.ask(n)))
  assert.deepEqual(one, { status: 'fulfilled', value: 1 })
  assert.equal(two?.status === 'rejected' && two.reason.message, 'its own')
  assert.equal(three?.status === 'rejected' && three.reason.message, 'all that are left')
  assert.equal(await gathered.ask(7), 70)
})

test('who waits too long is told so, and what had not begun never is', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { gathered, batches, letGo } = held()
  const begun = gathered.ask(1)
  await turn()
  const waiting = gathered.ask(2)
  // The contract's bound (CONTRACT §1).
  t.mock.timers.tick(5_000)
  await assert.rejects(begun, StoreUnavailable)
  await assert.rejects(waiting, StoreUnavailable)
  const next = gathered.ask(3)
  await letGo()
  await letGo()
  assert.equal(await next, 30)
  assert.deepEqual(batches, [[1], [3]])
})
