import { createHash } from 'node:crypto'
import type { Config } from './config.ts'
import type { Streams } from './http/routes/stream.ts'
import type { Bus, BusEvents } from './realtime/bus.ts'
import { createDatabaseBus, tellByDatabase } from './realtime/bus-database.ts'
import { createLocalBus } from './realtime/bus-local.ts'
import { createNatsBus, tellByNats } from './realtime/bus-nats.ts'
import type { HubStats } from './realtime/hub.ts'
import { type Realtime, startRealtime } from './realtime/index.ts'
import { EventSink } from './realtime/sse.ts'
import { SocketSink } from './realtime/websocket.ts'
import type { Db } from './store/db.ts'

/** The way of changes from the outbox to the streams, as this process takes part in it. */
export interface Streaming extends Pick<Realtime, 'sent'>, Pick<Bus, 'publish'> {
  /** Null: this process has no streams, and only tells those that have. */
  readonly streams: Streams | null
  /** Ends the streams with a hint when to come back, and opens no more. */
  end(): void
  close(): Promise<void>
}

/**
 * @param deps `secret` is the installation's: what is made of it tells one installation's ids and subjects from another's; `now` is in
 * milliseconds since 1970
 * @throws {StoreUnavailable}
 */
export async function startStreaming(
  config: Config,
  db: Db,
  deps: {
    readonly secret: string
    readonly stats: HubStats
    readonly log: (line: string) => void
    readonly now: () => number
  },
): Promise<Streaming> {
  const { fanout } = config
  const { stats, log, now } = deps
  const installation = createHash('sha256').update(`streams ${deps.secret}`).digest('hex').slice(0, 6)
  if (config.role === 'work') {
    const bus = fanout.by === 'nats' ? tellByNats(db, fanout.url, installation, log) : tellByDatabase(db)
    return {
      publish: bus.publish,
      sent: () => {},
      streams: null,
      end: () => {},
      close: async () => bus.close?.(),
    }
  }
  const connectBus = (events: BusEvents) => {
    if (fanout.by === 'nats') return createNatsBus(db, fanout.url, installation, events)
    return fanout.by === 'off' ? Promise.resolve(createLocalBus(db, events)) : createDatabaseBus(db, events)
  }
  const realtime = await startRealtime({ db, installation, connectBus, stats, log, now })
  let stopping = false
  return {
    publish: realtime.publish,
    sent: realtime.sent,
    streams: streamsOf(realtime, () => stopping),
    end() {
      stopping = true
      realtime.end()
    },
    close: realtime.close,
  }
}

function streamsOf(realtime: Realtime, stopping: () => boolean): Streams {
  return {
    admit: realtime.admit,
    openEvents(response, caller) {
      response.on('close', realtime.open(new EventSink(response), caller))
    },
    openSocket(socket, line, caller, pingsByText) {
      const closed = realtime.open(new SocketSink(socket, line, pingsByText), caller)
      socket.on('close', closed)
      // It is closed as well.
      socket.on('error', ignore)
    },
    typing: realtime.typing,
    stopping,
  }
}

function ignore(): void {}
