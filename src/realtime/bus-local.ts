import type { Db } from '../store/db.ts'
import { settledUntil } from '../store/streams.ts'
import type { BusEvents, ListeningBus } from './bus.ts'

/**
 * No other server is told: for one that is alone (SNUG_FANOUT=off). What is taken off the outbox is heard before that is committed:
 * `settle` looks there on another connection, and must find nothing gone that is not here.
 */
export function createLocalBus(db: Db, events: BusEvents): ListeningBus {
  return {
    publish: async (_tx, rows) => {
      events.heard({ kind: 'changes', rows })
      return undefined
    },
    publishTyping: (typing) => events.heard({ kind: 'typing', typing }),
    watch: () => Promise.resolve(),
    unwatch: () => {},
    settle: () => settledUntil(db),
    close: () => Promise.resolve(),
  }
}
