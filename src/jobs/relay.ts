import type { Db } from '../store/db.ts'
import { takeFromOutbox } from '../store/outbox.ts'

export interface Relay {
  stop(): Promise<void>
}

const EVERY_MS = 1_000
const AT_ONCE = 2_000

/**
 * Takes what transactions left in the outbox, in bulk. Whoever has to be told of a change (streams, notifications) is told here,
 * in the transaction that takes the rows away; as yet there is nobody, and the relay keeps the table short.
 */
export function startRelay(db: Db, log: (line: string) => void): Relay {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()

  const drain = async () => {
    try {
      while (!stopped && (await takeFromOutbox(db, AT_ONCE)) === AT_ONCE);
    } catch (error) {
      log(`the outbox could not be read, and will be again: ${(error as Error).message}`)
    }
    if (!stopped) schedule()
  }
  const schedule = () => {
    timer = setTimeout(() => {
      running = drain()
    }, EVERY_MS)
    timer.unref()
  }
  schedule()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
