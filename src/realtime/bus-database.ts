import type { Db } from '../store/db.ts'
import { notifyServers } from '../store/outbox.ts'
import type { Bus, BusEvents, ListeningBus } from './bus.ts'
import { CHANNEL, startListener } from './listener.ts'
import { writeChanges, writeTyping } from './wire.ts'

/** Tells the servers by NOTIFY, which PostgreSQL hands over when the relay's transaction commits, and never if it does not. */
export function tellByDatabase(db: Db): Bus {
  return {
    async publish(tx, rows) {
      await notifyServers(tx, CHANNEL, writeChanges(rows))
      return undefined
    },
    publishTyping(typing) {
      // It may get lost: the other side sees nobody write, and the next one comes within seconds.
      notifyServers(db, CHANNEL, [writeTyping(typing)]).catch(() => {})
    },
  }
}

/** @throws {StoreUnavailable} when the database cannot be reached */
export async function createDatabaseBus(db: Db, events: BusEvents): Promise<ListeningBus> {
  const listener = await startListener(db, events)
  return {
    ...tellByDatabase(db),
    watch: () => Promise.resolve(),
    unwatch: () => {},
    settle: listener.settle,
    close: listener.close,
  }
}
