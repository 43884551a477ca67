import fc from 'fast-check'
import { closeHolders } from './model-held.ts'
import { type Cast, type Counts, castOf, Differs, linesOf, playHistory } from './model-history.ts'
import { type History, history } from './model-steps.ts'
import { newWorld, tell, type World, watcherLine } from './model-world.ts'

// A process of its own, which plays the histories of many seeds on servers and a database of its own:
// `model-run.ts <first seed> <how far apart> <how many>`. Prints one line of JSON with what came of it.

export interface Outcome {
  readonly histories: number
  readonly commands: number
  readonly compared: number
  readonly events: Readonly<Record<string, number>>
  /** What went wrong, with the smallest history in which it does. */
  readonly fault: string | null
}

// Histories side by side: they share the servers and nothing else.
const LANES = 50
// They begin one after the other: all at once is more than a database that has just begun takes.
const APART_MS = 50
const CASTS = 50
const SHRINK_MS = 90_000
// What meets by chance does not meet every time.
const TRIES = 3

const HOURS_MS = 3 * 3_600_000
const DAYS_MS = 8 * 86_400_000

const [first, apart, goal] = process.argv.slice(2).map(Number) as [number, number, number]
const counts: Counts = { histories: 0, commands: 0, compared: 0, events: new Map() }
// Whoever comes to the third server comes back hours late by its clock, and later on days late.
const late = () => (counts.histories % 500 < 400 ? HOURS_MS : DAYS_MS)
const world = await newWorld([() => 0, () => 0, late])
// Whatever happens, the database is not left running; also when whoever started this has gone.
let stopping: Promise<void> | undefined
const stop = () => {
  stopping ??= closeHolders(world).then(() => world.stop())
  return stopping
}
process.stdin.resume().on('end', () => void stop().then(() => process.exit(1)))
process.on('uncaughtException', (error) => {
  console.error(error)
  void stop().then(() => process.exit(1))
})
await tell(world, [watcherLine])
const fault = await inLanes().then(
  () => null,
  (error: Error) => error.message,
)
await stop()
const outcome: Outcome = { ...counts, events: Object.fromEntries(counts.events), fault }
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit())

async function inLanes(): Promise<void> {
  const nextCast = casts(world)
  let begun = 0
  let failed: { seed: number; history: History; fault: Differs } | undefined
  const lane = async (_: unknown, i: number) => {
    await new Promise((resolve) => setTimeout(resolve, i * APART_MS))
    while (begun < goal && !failed) {
      const seed = first + apart * begun++
      const [one] = fc.sample(history, { seed, numRuns: 1 }) as [History]
      try {
        await playHistory(world, await nextCast(), one, counts)
      } catch (fault) {
        if (!(fault instanceof Differs)) throw new Error(`SNUG_MODEL_SEED=${seed}: ${(fault as Error).stack}`)
        failed ??= { seed, history: one, fault }
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  if (!failed) return
  const { seed } = failed
  const play = async (smaller: History) => playHistory(world, await nextCast(), smaller, counts)
  const smallest = await shrink(play, failed)
  const shown = smallest.history.steps.map((step) => JSON.stringify(step)).join('\n')
  throw new Error(
    `repeat with SNUG_MODEL_SEED=${seed}; of ${failed.history.steps.length} steps these are left:\n` +
      `${JSON.stringify(smallest.history.plan)}\n${shown}\n${smallest.fault.message}`,
  )
}

/** Casts that the host has told of, many at once. */
function casts(world: World): () => Promise<Cast> {
  let tags = 0
  let ready: Cast[] = []
  let telling: Promise<void> | null = null
  const refill = async () => {
    const some = Array.from({ length: CASTS }, () => castOf(`h${++tags}`))
    await tell(world, some.flatMap(linesOf))
    ready = ready.concat(some)
    telling = null
  }
  return async () => {
    for (;;) {
      const cast = ready.pop()
      if (cast) return cast
      telling ??= refill()
      await telling
    }
  }
}

/**
 * Makes a failing history smaller as long as it still fails: steps are left out, then single commands. All that could be left out are
 * tried at the same time, each several times, since what meets by chance does not meet every time.
 */
async function shrink(
  play: (history: History) => Promise<void>,
  failing: { history: History; fault: Differs },
): Promise<{ history: History; fault: Differs }> {
  const until = Date.now() + SHRINK_MS
  let best = cut(failing)
  while (Date.now() < until) {
    const found = await Promise.all(smallerOf(best.history).map((one) => failureOf(play, one)))
    const [smaller] = found.filter((one) => one !== null)
    if (!smaller) break
    best = cut(smaller)
  }
  return best
}

async function failureOf(play: (history: History) => Promise<void>, history: History) {
  const tries = Array.from({ length: TRIES }, () =>
    play(history).then(
      () => null,
      (fault) => (fault instanceof Differs ? { history, fault } : null),
    ),
  )
  return (await Promise.all(tries)).find((one) => one !== null) ?? null
}

/** What comes after the step that failed is not needed. */
function cut({ history, fault }: { history: History; fault: Differs }) {
  return { history: { ...history, steps: history.steps.slice(0, fault.step + 1) }, fault }
}

function smallerOf({ plan, steps }: History): History[] {
  const fewer = steps.length > 1 ? steps.map((_, i) => ({ plan, steps: steps.toSpliced(i, 1) })) : []
  const parts = steps.flatMap((step, i) =>
    step.length > 1 ? step.map((_, j) => ({ plan, steps: steps.with(i, step.toSpliced(j, 1)) })) : [],
  )
  const plans = [
    { ...plan, wide: false },
    { ...plan, events: 0 },
    { ...plan, perPage: 20 },
    { ...plan, clients: 2 },
  ]
  const plainer = plans
    .filter((one) => JSON.stringify(one) !== JSON.stringify(plan))
    .map((plan) => ({ plan, steps }))
  return [...fewer, ...parts, ...plainer]
}
