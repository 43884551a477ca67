import { setTimeout as sleep } from 'node:timers/promises'
import { answerQuestions } from './child.ts'

// Loaded into a server (`node --expose-gc --import`): says what it weighs when it is asked to.

/** Bytes. */
export type Weight = NodeJS.MemoryUsage

// What is freed is given back to the system a little later.
const COLLECTIONS = 5
const PAUSE_MS = 150

answerQuestions({
  async weigh(): Promise<Weight> {
    for (let i = 0; i < COLLECTIONS; i++) {
      globalThis.gc?.()
      await sleep(PAUSE_MS)
    }
    return process.memoryUsage()
  },
})
// A server ends when it has nothing left to do: being asked is nothing.
process.channel?.unref()
