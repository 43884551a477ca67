import type { Db, Queryable } from '../store/db.ts'
import { notifyServers, type OutboxRow } from '../store/outbox.ts'
import type { Bus, BusEvents, ListeningBus } from './bus.ts'
import { tellByDatabase } from './bus-database.ts'
import { CHANNEL, startListener } from './listener.ts'
import { type Nats, openNats } from './nats.ts'
import { readNote, writeChanges, writeTyping } from './wire.ts'

// A doorbell only: what NATS loses is found in the tables. What it does not take is told by the database instead, which every server
// listens to as well.

/** Subjects of one installation: several may share a NATS. */
const subjects = (installation: string) => ({
  user: (key: number) => `snug.${installation}.user.${key}`,
  all: `snug.${installation}.all`,
})

async function publish(nats: Nats, installation: string, tx: Queryable, rows: readonly OutboxRow[]) {
  const names = subjects(installation)
  try {
    const line = nats.line()
    for (const row of line ? rows : []) {
      const [payload = ''] = writeChanges([row])
      for (const subject of subjectsOf(row, names)) line?.publish(subject, payload)
    }
    await nats.flush()
  } catch {
    await notifyServers(tx, CHANNEL, writeChanges(rows))
  }
  return undefined
}

function subjectsOf(row: OutboxRow, { user, all }: ReturnType<typeof subjects>): string[] {
  if (row.kind === 'community.reset') return [all]
  if (row.kind === 'user.erased') return [user(row.userKey as number)]
  return [user(row.lowKey), user(row.highKey)]
}

/** For a process without streams. */
export function tellByNats(db: Db, url: string, installation: string, log: (line: string) => void): Bus {
  const nats = openNats(url, () => {}, log)
  return {
    publish: (tx, rows) => publish(nats, installation, tx, rows),
    publishTyping: tellByDatabase(db).publishTyping,
    close: nats.close,
  }
}

/** @throws {StoreUnavailable} when the database cannot be reached */
export async function createNatsBus(
  db: Db,
  url: string,
  installation: string,
  events: BusEvents,
): Promise<ListeningBus> {
  const names = subjects(installation)
  const heard = (payload: string) => {
    const note = readNote(payload)
    if (note && note.kind !== 'mark') events.heard(note)
  }
  // Its own notes are heard like all others.
  const listener = await startListener(db, events, 'nobody--')
  const nats = openNats(url, events.mended, events.log)
  const endAll = nats.subscribe(names.all, heard)
  const watched = new Map<number, () => void>()
  return {
    publish: (tx, rows) => publish(nats, installation, tx, rows),
    publishTyping(typing) {
      const line = nats.line()
      if (line) line.publish(names.user(typing.otherKey), writeTyping(typing))
      else tellByDatabase(db).publishTyping(typing)
    },
    async watch(userKey) {
      if (!watched.has(userKey)) watched.set(userKey, nats.subscribe(names.user(userKey), heard))
      // Without a line there is nothing to wait for: when it is back, all streams start over.
      if (nats.line()) await nats.flush().catch(() => {})
    },
    unwatch(userKey) {
      watched.get(userKey)?.()
      watched.delete(userKey)
    },
    async settle() {
      const moment = await listener.settle()
      // Before NATS has ever been there, and when it is away, the database tells everything that other servers cannot tell by it;
      // but what others could, was not heard here.
      await nats.flush()
      return moment
    },
    async close() {
      endAll()
      await nats.close()
      await listener.close()
    },
  }
}
