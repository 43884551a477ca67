import { Differs } from './history.ts'
import type { Step } from './steps.ts'

// Commands at the same time do not always meet in the same way: a history that has some is given this many tries.
const TRIES = 12

/** Plays a history. @throws {Differs} */
type Play = (steps: readonly Step[]) => Promise<void>

export interface Smallest {
  readonly steps: readonly Step[]
  readonly fault: Differs
}

/**
 * Makes a failing history smaller as long as it still fails: it ends where it failed, then ever smaller stretches are left out,
 * then single commands of those at the same time. Fast-check's own way gives up too early on histories that fail only often.
 * @param patienceMs what was found by then is the answer
 */
export async function shrink(play: Play, failing: Smallest, patienceMs: number): Promise<Smallest> {
  const until = Date.now() + patienceMs
  let best = cut(failing)
  const attempt = async (steps: readonly Step[]) => {
    const fault = steps.length > 0 && Date.now() < until ? await failureOf(play, steps) : null
    if (fault) best = cut({ steps, fault })
    return fault !== null
  }
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.steps.length; ) {
      if (!(await attempt(best.steps.toSpliced(at, size)))) at += size
    }
  }
  for (let at = 0; at < best.steps.length; at++) {
    for (let i = 0; i < (best.steps[at]?.parts.length ?? 0); ) {
      const step = best.steps[at] as Step
      const fewer = { ...step, parts: step.parts.toSpliced(i, 1) }
      if (fewer.parts.length === 0 || !(await attempt(best.steps.with(at, fewer)))) i++
    }
  }
  return best
}

/** What comes after the step that failed is not needed. */
const cut = ({ steps, fault }: Smallest): Smallest => ({ steps: steps.slice(0, fault.step + 1), fault })

async function failureOf(play: Play, steps: readonly Step[]): Promise<Differs | null> {
  const tries = steps.some(({ parts }) => parts.length > 1) ? TRIES : 1
  for (let i = 0; i < tries; i++) {
    try {
      await play(steps)
    } catch (error) {
      if (error instanceof Differs) return error
      throw error
    }
  }
  return null
}
