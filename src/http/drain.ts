import type { FastifyInstance } from 'fastify'

const SWEEP_MS = 25
// Longer than any answer may take (5 s); an export or an import that still streams is cut, and is to be asked for again.
const PATIENCE_MS = 10_000

/**
 * Stops taking requests, answers those that have begun, and resolves when every connection is closed (CONTRACT §8). Kept
 * connections are closed as soon as they are idle: Node itself would wait for each of them to time out, for over a minute.
 */
export async function drain(app: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  const cut = setTimeout(() => app.server.closeAllConnections(), PATIENCE_MS)
  try {
    await app.close()
  } finally {
    clearInterval(sweep)
    clearTimeout(cut)
  }
}
