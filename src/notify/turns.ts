import type { Slots } from './slots.ts'
import type { Judge, Judged } from './verdicts.ts'

/** By facts that are older nothing is sent: they are read again. Milliseconds. */
const FRESH_MS = 250

/** Leave to ask a service, for as many at once as there are slots, in the order in which it is asked for. */
export interface Turns {
  /** @returns what gives the turn back */
  take(): Promise<() => void>
}

export function createTurns(slots: Slots): Turns {
  let taken = 0
  const waiting: (() => void)[] = []
  const begin = () => {
    while (taken < slots.limit() && waiting.length > 0) {
      taken++
      waiting.shift()?.()
    }
  }
  const giveBack = () => {
    slots.done(waiting.length > 0 && taken >= slots.limit())
    taken--
    begin()
  }
  return {
    async take() {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        begin()
      })
      return giveBack
    },
  }
}

/**
 * Judges, waits for a turn, judges again if that took long, and then has it sent: the facts of the next ones are read while others
 * are under way.
 */
export async function inTurn<T>(
  turns: Turns,
  judge: (urgent: boolean) => ReturnType<Judge>,
  send: (judged: Judged) => Promise<T>,
): Promise<T> {
  const judged = await judge(false)
  const asked = performance.now()
  const giveBack = await turns.take()
  try {
    return await send(performance.now() - asked > FRESH_MS ? await judge(true) : judged)
  } finally {
    giveBack()
  }
}
