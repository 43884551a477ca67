import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import type { Outcome } from './model-run.ts'

// Stale state plus replay equals fresh state (CONTRACT §6), for the real client. SNUG_MODEL_HISTORIES=100000 for a long run;
// SNUG_MODEL_SEED=… repeats the history of that seed first.
const GOAL = Number(process.env.SNUG_MODEL_HISTORIES ?? 5_000)
const SEED = Number(process.env.SNUG_MODEL_SEED ?? Date.now() % 1_000_000_000)
const PROCESSES = Math.min(2, GOAL)

test(`what clients hold, with what they are told, is what GETs answer: ${GOAL} histories`, async (t) => {
  t.diagnostic(`SNUG_MODEL_SEED=${SEED}`)
  const began = Date.now()
  const outcomes = await Promise.all(Array.from({ length: PROCESSES }, (_, i) => run(SEED + i, i)))
  for (const { fault } of outcomes) if (fault !== null) throw new Error(fault)
  const seconds = Math.round((Date.now() - began) / 1_000)
  const sum = (of: (outcome: Outcome) => number | undefined) =>
    outcomes.reduce((total, outcome) => total + (of(outcome) ?? 0), 0)
  const [histories, commands, compared] = [
    sum((one) => one.histories),
    sum((one) => one.commands),
    sum((one) => one.compared),
  ]
  t.diagnostic(`${histories} histories, ${commands} commands, ${compared} comparisons in ${seconds} s`)
  const names = [...new Set(outcomes.flatMap(({ events }) => Object.keys(events)))]
  t.diagnostic(names.map((name) => `${name}: ${sum(({ events }) => events[name])}`).join(', '))
  assert.equal(histories, GOAL)
})

/** Plays every second history, or however many processes there are. */
async function run(firstSeed: number, i: number): Promise<Outcome> {
  const mine = Math.ceil((GOAL - i) / PROCESSES)
  const args = [join(import.meta.dirname, 'model-run.ts'), ...[firstSeed, PROCESSES, mine].map(String)]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  after(() => child.stdin.end())
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  const last = out.trim().split('\n').at(-1) as string
  if (code !== 0 || !last.startsWith('{')) throw new Error(`the histories ended with ${code}: ${out}`)
  return JSON.parse(last)
}
