import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newSnug, type TestSnug } from '../kit.ts'
import { type Counts, castOf, Differs, runHistory } from './history.ts'
import { brokenInvariants } from './invariants.ts'
import { shrink } from './shrink.ts'
import { historyOf, type Step } from './steps.ts'

// SNUG_MODEL_COMMANDS=200000 for a long run; SNUG_MODEL_SEED=… repeats the round of that seed, and then goes on.
const GOAL = Number(process.env.SNUG_MODEL_COMMANDS ?? 20_000)
const SEED = Number(process.env.SNUG_MODEL_SEED ?? Date.now() % 1_000_000_000)
// Histories that run side by side: they share the servers and their batches, and nothing else.
const LANES = 4
const ROUND = 4
const LONGEST = 200
const SHRINK_MS = 60_000

let servers: readonly TestSnug[] = []

test(`the server agrees with the model over ${GOAL} commands`, async (t) => {
  const first = await newSnug()
  servers = [first, await newSnug(first.databaseUrl)]
  const counts: Counts = { commands: 0, atOnce: 0, views: 0, statuses: new Map() }
  let round = 0
  let failed = false
  const lane = async () => {
    while (counts.commands < GOAL && !failed) {
      try {
        await playRound(SEED + round++, counts)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const began = Date.now()
  t.diagnostic(`SNUG_MODEL_SEED=${SEED}`)
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane))
  for (const result of lanes) if (result.status === 'rejected') throw result.reason
  const seconds = Math.round((Date.now() - began) / 1_000)
  const [{ db }] = servers as [TestSnug]
  assert.deepEqual(await brokenInvariants(db), [])
  const [stat] = await db.query<{ deadlocks: number }>({
    name: 'model.deadlocks',
    text: 'select deadlocks from pg_stat_database where datname = current_database()',
  })
  assert.equal(stat?.deadlocks, 0)
  t.diagnostic(
    `${counts.commands} commands, ${counts.atOnce} of them at once, ${counts.views} views in ${seconds} s`,
  )
  t.diagnostic(
    [...counts.statuses]
      .map(([name, n]) => `${name}: ${n}`)
      .sort()
      .join(', '),
  )
})

let tags = 0

/** A round of histories from one seed. @throws {Error} with the smallest history that fails, and how to run it again */
async function playRound(seed: number, counts: Counts): Promise<void> {
  const property = fc.asyncProperty(historyOf(LONGEST), (steps) => play(steps, counts))
  const details = await fc.check(property, { seed, numRuns: ROUND, endOnFailure: true })
  if (!details.failed) return
  const fault = details.errorInstance
  if (!(fault instanceof Differs)) throw fault
  const [steps] = details.counterexample as [Step[]]
  const smallest = await shrink((fewer) => play(fewer, counts), { steps, fault }, SHRINK_MS)
  const shown = smallest.steps.map((step) => JSON.stringify(step)).join('\n')
  throw new Error(
    `repeat with SNUG_MODEL_SEED=${seed}; of ${steps.length} steps these ${smallest.steps.length} are left:\n${shown}\n` +
      smallest.fault.message,
  )
}

async function play(steps: readonly Step[], counts: Counts): Promise<void> {
  const cast = castOf(`h${++tags}`)
  await runHistory(servers, cast, steps, counts)
  const [{ db }] = servers as [TestSnug]
  const broken = await brokenInvariants(db, cast.communities)
  if (broken.length > 0) throw new Differs(`the tables are broken: ${broken.join('\n')}`, steps.length)
}
