import { setTimeout as sleep } from 'node:timers/promises'
import { gather, type Settler } from '../actions/gather.ts'
import type { Db } from '../store/db.ts'
import { isConflict, StoreUnavailable } from '../store/errors.ts'
import { type Settlement, settleNotifications } from '../store/notifications.ts'

/** Records what came of notifications; resolves when it is recorded. */
export type Settle = (workerKey: number, settlements: readonly Settlement[]) => Promise<void>

interface Asked {
  readonly workerKey: number
  readonly settlements: readonly Settlement[]
}

const GATHER_MS = 30
const AGAIN_MS = 300
// What a service has taken must be recorded, or it is sent again: while the database is away, it is tried for as long as the
// worker's lease may be renewed, and a little while when the worker is stopped.
const PATIENCE_MS = 2 ** 31 - 1

/**
 * Gathers what is recorded at the time into one statement.
 * @param recorded takes what was recorded, for the metrics
 */
export function createSettle(
  db: Db,
  stopping: AbortSignal,
  recorded: (settlements: readonly Settlement[]) => void,
): Settle {
  const gathered = gather<Asked, void>(
    { size: 500, inFlight: 1, waiting: 100_000, withinMs: PATIENCE_MS },
    async (batch) => {
      for (const [workerKey, same] of Map.groupBy(batch, ({ asked }) => asked.workerKey)) {
        await record(workerKey, same)
      }
      // The journal has what is sent meanwhile; so one commit is paid for all of it.
      await sleep(GATHER_MS)
    },
  )
  const record = async (workerKey: number, waiting: readonly Settler<Asked, void>[]): Promise<void> => {
    const settlements = waiting.flatMap(({ asked }) => asked.settlements)
    try {
      await untilRecorded(db, workerKey, settlements, stopping)
      recorded(settlements)
      for (const one of waiting) one.answer()
    } catch (error) {
      // One that the database refuses must not take its neighbours with it: they have been sent.
      if (error instanceof StoreUnavailable || waiting.length === 1)
        for (const one of waiting) one.fail(error)
      else for (const one of waiting) await record(workerKey, [one])
    }
  }
  return (workerKey, settlements) => gathered.ask({ workerKey, settlements })
}

async function untilRecorded(
  db: Db,
  workerKey: number,
  settlements: readonly Settlement[],
  stopping: AbortSignal,
): Promise<void> {
  for (let left = 10; ; ) {
    try {
      await settleNotifications(db, workerKey, settlements)
      return
    } catch (error) {
      if (!(error instanceof StoreUnavailable || isConflict(error))) throw error
      if (stopping.aborted && --left === 0) throw error
      await sleep(AGAIN_MS)
    }
  }
}
