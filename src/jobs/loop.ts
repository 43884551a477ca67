import { setTimeout as sleep } from 'node:timers/promises'

export interface Loop {
  /** There may be work: a round soon, instead of when its time comes. */
  wake(): void
  /** Resolves when the round that runs has ended; none begins after it. */
  stop(): Promise<void>
}

// What comes together is worked on together: waking for each send alone would be a transaction for each.
const GATHER_MS = 20

/**
 * Runs rounds one after another: when woken, otherwise once in `everyMs`, and at once while a round says that there is more. A
 * round that throws is told to the operator once, and tried again when its time comes.
 */
export function createLoop(options: {
  readonly name: string
  readonly everyMs: number
  /** How long what follows a wake-up is waited for, in milliseconds. */
  readonly gatherMs?: number
  readonly log: (line: string) => void
  readonly round: () => Promise<{ readonly again: boolean; readonly restMs: number }>
}): Loop {
  const { name, everyMs, gatherMs = GATHER_MS, log, round } = options
  const stopping = new AbortController()
  let woken = false
  let rouse = new AbortController()
  let failing = false

  const pause = async (ms: number, signal: AbortSignal) => {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => {})
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      woken = false
      let outcome = { again: false, restMs: 0 }
      try {
        outcome = await round()
        if (failing) log(`${name}: back at work`)
        failing = false
      } catch (error) {
        if (!failing) log(`${name}: ${(error as Error).message}; it is tried again every ${everyMs} ms`)
        failing = true
      }
      if (outcome.restMs > 0) await pause(outcome.restMs, stopping.signal)
      if (outcome.again || stopping.signal.aborted) continue
      if (!woken || failing) await pause(everyMs, rouse.signal)
      if (woken) await pause(gatherMs, stopping.signal)
    }
  }
  const running = run()
  return {
    wake() {
      if (woken || failing) return
      woken = true
      rouse.abort()
      rouse = new AbortController()
    },
    async stop() {
      stopping.abort()
      rouse.abort()
      await running
    },
  }
}
