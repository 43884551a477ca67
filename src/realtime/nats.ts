import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node'

/** A connection to NATS that keeps coming back, as far as Snug needs one. */
export interface Nats {
  /** Null while there is no line. */
  line(): NatsConnection | null
  /** Subscribes now, or as soon as there is a line. @returns how to end it */
  subscribe(subject: string, heard: (payload: string) => void): () => void
  /** Resolves when the server has taken all that was written before, and handed over all that came before. @throws {Error} without a line, or in time */
  flush(): Promise<void>
  close(): Promise<void>
}

const RECONNECT_MS = 500
const PING_MS = 10_000
const FLUSH_WITHIN_MS = 1_000

/**
 * Connects in the background: Snug starts and serves without NATS too.
 * @param url `nats://` or `tls://`, with user and password or a token where the server wants them
 * @param mended is called when a line that was lost is back, with all subscriptions
 */
export function openNats(url: string, mended: () => void, log: (line: string) => void): Nats {
  let connection: NatsConnection | null = null
  let whole = false
  let closed = false
  const wanted = new Map<symbol, { subject: string; heard: (payload: string) => void; on?: Subscription }>()

  const attach = (one: { subject: string; heard: (payload: string) => void; on?: Subscription }) => {
    if (!connection) return
    const callback = (error: Error | null, message: { string(): string }) => {
      if (!error) one.heard(message.string())
    }
    one.on = connection.subscribe(one.subject, { callback })
  }
  const follow = async (nats: NatsConnection) => {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect' && !closed) {
        whole = false
        log('streams: the line to NATS was lost; the database takes its place')
      }
      if (status.type === 'reconnect') {
        await nats.flush().catch(() => {})
        whole = true
        log('streams: the line to NATS is back')
        mended()
      }
    }
  }
  const options = { name: 'snug', maxReconnectAttempts: -1, waitOnFirstConnect: true, maxPingOut: 2 }
  const opening = connect({
    ...options,
    ...serverOf(url),
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
  }).then(
    async (nats) => {
      if (closed) return nats.close()
      connection = nats
      for (const one of wanted.values()) attach(one)
      await nats.flush()
      whole = true
      // Until now the database told everything; whether all of it went one way or the other cannot be known.
      mended()
      await follow(nats)
    },
    (error) => log(`streams: NATS cannot be used: ${error.message}`),
  )

  const nats: Nats = {
    line: () => (whole ? connection : null),
    subscribe(subject, heard) {
      const token = Symbol(subject)
      const one = { subject, heard }
      wanted.set(token, one)
      attach(one)
      return () => {
        wanted.get(token)?.on?.unsubscribe()
        wanted.delete(token)
      }
    },
    async flush() {
      const line = nats.line()
      if (!line) throw new Error('there is no line to NATS')
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('NATS does not answer')), FLUSH_WITHIN_MS)
      })
      try {
        await Promise.race([line.flush(), late])
      } finally {
        clearTimeout(timer)
      }
    },
    async close() {
      closed = true
      whole = false
      await connection?.close()
      if (connection) await opening.catch(() => {})
    },
  }
  return nats
}

/** What stands in the URL beside the host, as the client wants it. */
function serverOf(url: string): {
  servers: string
  user?: string
  pass?: string
  token?: string
  tls?: object
} {
  const { protocol, host, username, password } = new URL(url)
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)]
  return {
    servers: host,
    ...(protocol === 'tls:' && { tls: {} }),
    ...(user !== '' && (pass !== '' ? { user, pass } : { token: user })),
  }
}
