import type { StoredSend } from '../actions/send-message.ts'
import type { Db } from '../store/db.ts'
import { usersOfRow } from '../store/outbox.ts'
import { loadConversations } from '../store/streams.ts'
import type { Bus, BusEvents, ListeningBus } from './bus.ts'
import { createCatchUp } from './catch-up.ts'
import { createCursors } from './cursor.ts'
import { createStreamReads } from './gather-reads.ts'
import { createHearing } from './hear.ts'
import { createHub, type HubStats } from './hub.ts'
import { createOpening, type OpenStream } from './opening.ts'
import { createOrder } from './order.ts'
import { startPulse } from './pulse.ts'
import { createResets } from './resets.ts'
import { tellOfSends } from './sent.ts'
import { startSweep } from './sweep.ts'
import { type Change, createTeller } from './teller.ts'
import { createTyping } from './typing.ts'
import type { TypingNote } from './wire.ts'

/** The streams of this server (CONTRACT §6). */
export interface Realtime extends Pick<Bus, 'publish'> {
  /** The user's key; null for somebody the host never told of, or an erased one. @throws {StoreUnavailable} */
  admit(userId: string): Promise<number | null>
  readonly open: OpenStream
  /** Sends of this server's that have just been stored: streams here hear of them at once. */
  sent(sends: readonly StoredSend[]): void
  /** Somebody is writing to somebody. */
  typing(note: TypingNote): void
  /** Ends all streams with a hint when to come back. */
  end(): void
  close(): Promise<void>
}

export interface RealtimeDeps {
  readonly db: Db
  /** By which one installation's ids and subjects are told from another's. */
  readonly installation: string
  readonly connectBus: (events: BusEvents) => Promise<ListeningBus>
  readonly stats: HubStats
  readonly log: (line: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Starts the streams. @throws {StoreUnavailable} when the database cannot be reached */
export async function startRealtime(deps: RealtimeDeps): Promise<Realtime> {
  const { db, log, now } = deps
  const cursors = createCursors(deps.installation)
  const hub = createHub(cursors, deps.stats, { left: (userKey) => bus.unwatch(userKey) }, now)
  const failing = (error: unknown, userKeys: readonly number[]) => {
    log(`streams: changes could not be read (${(error as Error).message}); whoever missed them starts over`)
    hub.resync(userKeys)
  }
  const teller = createTeller(hub, (refs) => loadConversations(db, refs), failing)
  const order = createOrder<Change>(
    (change) => teller.tell(change),
    ({ row }) => hub.resync(usersOfRow(row)),
  )
  const resets = createResets()
  const startOver = () => {
    resets.missed()
    order.forget()
    teller.forget()
    hub.resync(null)
  }
  const typing = createTyping(hub, now)
  const hear = createHearing(db, hub, order, resets, teller.told, failing)
  const bus = await deps.connectBus({
    heard: (note) => (note.kind === 'typing' ? typing.hear(note.typing) : hear(note.rows)),
    mended: startOver,
    log,
  })
  const reads = createStreamReads(db)
  const catchUp = createCatchUp(reads)
  const fresh = () => pulse.fresh()
  const opening = createOpening({ hub, bus, cursors, now, catchUp, reads, fresh, log })
  const settled = async (until: number, at: number) => {
    order.advance(until)
    await teller.told()
    hub.until = until
    opening.settled(until, at)
  }
  const pulse = startPulse(bus, () => hub.size > 0, settled, startOver)
  const sweep = startSweep(hub, now, () => order.expire(hub.size > 0))
  return {
    publish: bus.publish,
    admit: opening.admit,
    open: opening.open,
    sent: (sends) => tellOfSends(sends, hub, order, resets),
    typing: (note) => typing.pass(note, bus),
    end: () => hub.close(),
    async close() {
      hub.close()
      sweep.stop()
      await pulse.stop()
      await bus.close()
    },
  }
}
