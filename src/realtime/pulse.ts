import type { ListeningBus } from './bus.ts'

export interface Pulse {
  /** Asks the bus now, unless it was asked a moment ago. Never rejects: without an answer everything stays as it was. */
  fresh(): Promise<void>
  stop(): Promise<void>
}

const EVERY_MS = 1_000
const FRESH_MS = 3_000

/**
 * Asks once a second, while there are streams, until when all changes have come: ids of events say it, and what comes out of its order
 * is told from what comes twice by it.
 * @param settled takes the moment, and the database's clock when it was asked
 * @param jumped is called when the database's clock has been set back: what was told by its time says nothing any more
 */
export function startPulse(
  bus: Pick<ListeningBus, 'settle'>,
  needed: () => boolean,
  settled: (until: number, now: number) => Promise<void>,
  jumped: () => void,
): Pulse {
  let asking: Promise<void> | null = null
  let last = Number.NEGATIVE_INFINITY
  let databaseNow = 0
  const ask = async () => {
    try {
      const moment = await bus.settle()
      const back = moment.now < databaseNow
      databaseNow = moment.now
      last = performance.now()
      await settled(moment.settled, moment.now)
      if (back) jumped()
    } catch {
      // The bus says itself that it is broken, and when it is whole again.
    }
  }
  const once = () => {
    asking ??= ask().finally(() => {
      asking = null
    })
    return asking
  }
  const timer = setInterval(() => {
    if (needed()) void once()
  }, EVERY_MS).unref()
  return {
    fresh: () => (performance.now() - last < FRESH_MS ? Promise.resolve() : once()),
    async stop() {
      clearInterval(timer)
      await asking
    },
  }
}
