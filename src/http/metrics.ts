import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'

export interface Metrics {
  /** @param elapsed milliseconds */
  observe(method: string, route: string | undefined, status: number, elapsed: number): void
  observeBatch(size: number): void
  /** In Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** What GET /metrics tells. Labels are routes and statuses: nothing of people's, and a bounded number. */
export function createMetrics(connections: () => { total: number; idle: number; waiting: number }): Metrics {
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
  return {
    observe(method, route = 'none', status, elapsed) {
      requests.inc({ method, route, status })
      seconds.observe({ route }, elapsed / 1000)
    },
    observeBatch: (size) => batches.observe(size),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
