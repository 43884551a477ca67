import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { type Db, queryable } from '../store/db.ts'
import { notifyServers } from '../store/outbox.ts'
import { settledUntil } from '../store/streams.ts'
import type { BusEvents } from './bus.ts'
import { readNote, readSigned, writeMark } from './wire.ts'

/** The channel of NOTIFY; it is the database's own. */
export const CHANNEL = 'snug'

/** Hears what the servers tell each other by the database. */
export interface Listener {
  /** As ListeningBus.settle. */
  settle(): Promise<{ readonly settled: number; readonly now: number }>
  close(): Promise<void>
}

const ANSWER_WITHIN_MS = 3_000
const RETRY_MOST_MS = 2_000
const BROKEN = 'the line to the database is broken'

interface Line {
  readonly client: Client
  /** Those that wait for a mark of theirs to come. */
  readonly marks: Map<string, { resolve(): void; reject(error: Error): void }>
  readonly broken: Promise<unknown>
}

/**
 * Listens on a connection of its own, and connects again when it breaks: by itself, or because an answer does not come, which is how a
 * line that was cut in silence is known. Resolves when it listens.
 * @param origin this server's, whose own notes need no hearing
 * @throws {StoreUnavailable} when the database cannot be reached at the start
 */
export async function startListener(db: Db, events: BusEvents, origin: string): Promise<Listener> {
  let line: Line | null = await open(db, events, origin)
  let closing = false
  const keep = async () => {
    while (!closing) {
      await line?.broken
      line = null
      if (closing) return
      events.log('streams: the line to the database was lost; what other servers do is not heard')
      for (let wait = 50; !line && !closing; wait = Math.min(wait * 2, RETRY_MOST_MS)) {
        await sleep(wait, undefined, { ref: false })
        line = await open(db, events, origin).catch(() => null)
      }
      if (closing) return void (await line?.client.end().catch(() => {}))
      events.log('streams: the line to the database is back')
      events.mended()
    }
  }
  const kept = keep()

  return {
    async settle() {
      const on = line
      if (!on) throw new Error(BROKEN)
      const mark = randomBytes(9).toString('base64url')
      const came = new Promise<void>((resolve, reject) => on.marks.set(mark, { resolve, reject }))
      came.catch(() => {})
      // A line that is cut fails what waits for it.
      const late = setTimeout(() => on.client.connection.stream.destroy(), ANSWER_WITHIN_MS).unref()
      try {
        const until = await settledUntil(queryable(on.client))
        await notifyServers(queryable(on.client), CHANNEL, [writeMark(mark)])
        // PostgreSQL hands notifications over in the order of their commits: all that were committed before have come.
        await came
        return until
      } finally {
        clearTimeout(late)
        on.marks.delete(mark)
      }
    },
    async close() {
      closing = true
      await line?.client.end().catch(() => {})
      await kept
    },
  }
}

async function open(db: Db, events: BusEvents, origin: string): Promise<Line> {
  const client = await db.dedicated('snug listen')
  const marks: Line['marks'] = new Map()
  const broken = new Promise<void>((resolve) => {
    const lose = () => {
      resolve()
      for (const one of marks.values()) one.reject(new Error(BROKEN))
    }
    client.on('error', lose)
    client.on('end', lose)
  })
  client.on('notification', ({ payload = '' }) => {
    const others = readSigned(origin, payload)
    const note = others === null ? null : readNote(others)
    if (note?.kind === 'mark') marks.get(note.mark)?.resolve()
    else if (note) events.heard(note)
  })
  await client.query(`listen ${CHANNEL}`)
  return { client, marks, broken }
}
