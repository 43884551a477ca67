import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'

export interface MetricsSources {
  /** Of the database. */
  readonly connections: () => { total: number; idle: number; waiting: number }
  /** Notifications that wait or have failed, by channel. `late`: seconds for which the longest of them has been due. */
  readonly backlog: () => Promise<
    readonly {
      readonly channel: string
      readonly waiting: number
      readonly failed: number
      readonly late: number
    }[]
  >
}

export interface Metrics {
  /** @param elapsed milliseconds */
  observe(method: string, route: string | undefined, status: number, elapsed: number): void
  observeBatch(size: number): void
  /** What came of notifications, each time one is settled or put off. */
  observeNotifications(settlements: readonly { readonly channel: string; readonly state: string }[]): void
  readonly streams: {
    opened(transport: string, change: 1 | -1): void
    ended(reason: string): void
    told(event: string, streams: number): void
  }
  /** In Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** What GET /metrics tells. Labels are routes and statuses: nothing of people's, and a bounded number. */
export function createMetrics({ connections, backlog }: MetricsSources): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'snug_http_requests_total',
    help: 'Answers, by route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'snug_http_request_seconds',
    help: 'Time to answer, by route',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const batches = new Histogram({
    name: 'snug_send_batch_size',
    help: 'Sends gathered into one transaction',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers,
  })
  new Gauge({
    name: 'snug_database_connections',
    help: 'Connections of the pool, and callers that wait for one',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(connections())) this.set({ state }, count)
    },
  })
  const notifications = new Counter({
    name: 'snug_notifications_total',
    help: 'What came of notifications, by channel: sent, skipped, failed, or waiting when one was put off',
    labelNames: ['channel', 'state'],
    registers,
  })
  const gauges = (name: string, help: string) => new Gauge({ name, help, labelNames: ['channel'], registers })
  const waiting = gauges(
    'snug_notifications_waiting',
    'Notifications that wait: for their turn, or for their time',
  )
  const failed = gauges(
    'snug_notifications_failed',
    'Notifications that were given up; see: snug notifications failed',
  )
  const late = gauges(
    'snug_notifications_late_seconds',
    'How long the notification that waits longest has been due',
  )
  const streams = streamMetrics(registers)
  const showBacklog = async () => {
    const channels = new Map((await backlog()).map((one) => [one.channel, one]))
    for (const channel of ['email', 'push']) {
      waiting.set({ channel }, channels.get(channel)?.waiting ?? 0)
      failed.set({ channel }, channels.get(channel)?.failed ?? 0)
      late.set({ channel }, channels.get(channel)?.late ?? 0)
    }
  }
  return {
    observe(method, route = 'none', status, elapsed) {
      requests.inc({ method, route, status })
      seconds.observe({ route }, elapsed / 1000)
    },
    observeBatch: (size) => batches.observe(size),
    observeNotifications(settlements) {
      for (const { channel, state } of settlements) notifications.inc({ channel, state })
    },
    streams,
    async text() {
      // Without the database there is no backlog to tell, and everything else still is.
      await showBacklog().catch(() => {})
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}

function streamMetrics(registers: Registry[]): Metrics['streams'] {
  const open = new Gauge({
    name: 'snug_streams_open',
    help: 'Open streams, by transport',
    labelNames: ['transport'],
    registers,
  })
  const events = new Counter({
    name: 'snug_stream_events_total',
    help: 'Events told to streams, by kind',
    labelNames: ['event'],
    registers,
  })
  const ended = new Counter({
    name: 'snug_streams_ended_total',
    help: 'Streams that ended, by reason',
    labelNames: ['reason'],
    registers,
  })
  return {
    opened: (transport, change) => open.inc({ transport }, change),
    ended: (reason) => ended.inc({ reason }),
    told: (event, count) => events.inc({ event }, count),
  }
}
