import { after, test } from 'node:test'
import fc from 'fast-check'
import { closeHolders } from './model-held.ts'
import { type Counts, castOf, linesOf, playHistory } from './model-history.ts'
import { lateHistory, restingHistory } from './model-steps.ts'
import { newWorld, tell, watcherLine } from './model-world.ts'

// The same model, where time goes by: transactions stay open for seconds while clients hear of what came later, go, and come back; and
// what was quiet for seconds changes while they are away.
const HISTORIES = Number(process.env.SNUG_MODEL_LATE_HISTORIES ?? 250)
const SEED = Number(process.env.SNUG_MODEL_SEED ?? Date.now() % 1_000_000_000)
const LANES = 40

test(`what is committed late, and what was quiet for long, is told: ${HISTORIES} histories`, async (t) => {
  t.diagnostic(`SNUG_MODEL_SEED=${SEED}`)
  const world = await newWorld([() => 0, () => 0])
  after(async () => {
    await closeHolders(world)
    await world.stop()
  })
  const casts = Array.from({ length: HISTORIES }, (_, i) => castOf(`l${i}`))
  await tell(world, [watcherLine, ...casts.flatMap(linesOf)])
  const counts: Counts = { histories: 0, commands: 0, compared: 0, events: new Map() }
  let begun = 0
  const lane = async () => {
    for (let i = begun++; i < HISTORIES; i = begun++) {
      const seed = SEED + i
      // Of a transaction that is held open there are fewer: it takes a connection.
      const [history] = fc.sample(i % 5 < 2 ? lateHistory : restingHistory, { seed, numRuns: 1 })
      await playHistory(world, casts[i]!, history!, counts).catch((error: Error) => {
        // The others end as well.
        begun = HISTORIES
        throw new Error(`repeat with SNUG_MODEL_SEED=${seed}; ${JSON.stringify(history)}\n${error.message}`)
      })
    }
  }
  const results = await Promise.allSettled(Array.from({ length: LANES }, lane))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  t.diagnostic(`${counts.commands} commands, ${counts.compared} comparisons`)
})
