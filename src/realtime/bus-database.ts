import { randomBytes } from 'node:crypto'
import type { Db } from '../store/db.ts'
import { notifyServers } from '../store/outbox.ts'
import type { Bus, BusEvents, ListeningBus } from './bus.ts'
import { CHANNEL, startListener } from './listener.ts'
import { signNote, writeChanges, writeTyping } from './wire.ts'

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
  const origin = randomBytes(6).toString('base64url')
  const listener = await startListener(db, events, origin)
  return {
    ...tellByDatabase(db),
    // What this server's own relay takes is heard at once, and before it is committed: `settle` looks on another connection at what is
    // left, and must find nothing gone that is not here. So its own notes need not be read again.
    async publish(tx, rows) {
      events.heard({ kind: 'changes', rows })
      const notes = writeChanges(rows).map((note) => signNote(origin, note))
      await notifyServers(tx, CHANNEL, notes)
      return undefined
    },
    watch: () => Promise.resolve(),
    unwatch: () => {},
    settle: listener.settle,
    close: listener.close,
  }
}
