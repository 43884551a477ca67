import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { errors } from '../../../contract/errors.ts'
import { answerProblem } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import { operation } from '../operation.ts'

export interface OperationsDeps {
  readonly metrics: Metrics
  /** Resolves when the database is reached and migrated. */
  readonly ready: () => Promise<boolean>
}

const Status = (word: string) => Type.Object({ status: Type.String({ examples: [word] }) })

/** What operators and their tools ask: CONTRACT §8. */
export function operationsRoutes(app: FastifyInstance, deps: OperationsDeps): void {
  const tag = 'Operations'
  app.get(
    '/healthz',
    operation({ tag, summary: 'The process lives', open: true, answers: { 200: Status('ok') } }),
    async () => ({ status: 'ok' }),
  )

  const readyOperation = operation({
    tag,
    summary: 'It can serve: the database is reached and migrated',
    open: true,
    answers: {
      200: Status('ready'),
      503: Type.Object({ message: Type.String({ examples: [errors.unavailable] }) }),
    },
  })
  app.get('/readyz', readyOperation, async (_request, reply) => {
    if (await deps.ready().catch(() => false)) return { status: 'ready' }
    answerProblem(reply, { status: 503, message: errors.unavailable, retryAfter: 1 })
    return reply
  })

  const metricsOperation = operation({
    tag,
    summary: 'Prometheus metrics',
    open: true,
    answers: { 200: Type.String({ description: "Prometheus' text format" }) },
  })
  app.get(
    '/metrics',
    { ...metricsOperation, serializerCompiler: () => (text) => text as string },
    async (_request, reply) => {
      void reply.type(deps.metrics.contentType)
      return deps.metrics.text()
    },
  )
}
