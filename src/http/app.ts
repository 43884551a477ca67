import cors from '@fastify/cors'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import { errors } from '../../contract/errors.ts'
import type { ListConversations } from '../actions/list-conversations.ts'
import type { SendMessage } from '../actions/send-message.ts'
import type { Verifier } from '../tokens/verify.ts'
import { AJV_OPTIONS } from '../validation/ajv.ts'
import { requireCaller, requireServiceKey } from './auth.ts'
import { BODY_MAX, readBodiesAsJson } from './body.ts'
import { answerBrokenHttp } from './broken.ts'
import { answerError, answerProblem, loggable, setCommonHeaders } from './errors.ts'
import type { ListCache } from './list-cache.ts'
import type { Metrics } from './metrics.ts'
import { describeApi } from './openapi.ts'
import { createRequestIds } from './request-id.ts'
import { communityRoutes } from './routes/communities.ts'
import { conversationRoutes } from './routes/conversations.ts'
import { type DevicesDeps, deviceRoutes } from './routes/devices.ts'
import { hostInsightsRoutes, insightsRoutes } from './routes/insights.ts'
import { type MailDeps, mailRoutes } from './routes/mail.ts'
import { memberRoutes } from './routes/members.ts'
import { messageRoutes } from './routes/messages.ts'
import { notificationRoutes } from './routes/notifications.ts'
import { type OperationsDeps, operationsRoutes } from './routes/operations.ts'
import { type ServiceDeps, serviceRoutes } from './routes/service.ts'
import { type SettingsDeps, settingsRoutes } from './routes/settings.ts'
import { STREAM_PATH, type Streams, streamRoutes } from './routes/stream.ts'
import { transferRoutes } from './routes/transfer.ts'
import { type UnsubscribeDeps, unsubscribeRoutes } from './routes/unsubscribe.ts'
import { type WebDeps, webRoutes } from './routes/web.ts'
import { acceptSockets, asksForStream } from './upgrade.ts'

export interface AppDeps
  extends ServiceDeps,
    OperationsDeps,
    SettingsDeps,
    DevicesDeps,
    UnsubscribeDeps,
    MailDeps,
    WebDeps {
  /** Null: this process only works (SNUG_ROLE), and answers for its own health alone. */
  readonly streams: Streams | null
  /** Something was changed that streams are told of. */
  readonly changed: () => void
  readonly sendMessage: SendMessage
  readonly listConversations: ListConversations
  readonly verifier: Verifier
  readonly serviceKeys: readonly string[]
  readonly logLevel: string
  readonly metrics: Metrics
  readonly listCache: ListCache
}

const EXPOSED_HEADERS = ['X-Request-Id', 'Idempotent-Replayed', 'Retry-After']
// All that the API has: the package's default stops at POST.
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The HTTP side of Snug, ready to listen. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const nextId = createRequestIds()
  const app = newServer(deps.logLevel, nextId, deps.streams !== null)
  readBodiesAsJson(app)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((_request, reply) => answerProblem(reply, { status: 404, message: errors.notFound }))
  app.decorateRequest('callerId', '')
  app.decorateRequest('callerUntil', 0)
  app.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { url } = request.routeOptions
    if (request.method !== 'GET' && reply.statusCode < 300) deps.changed()
    // A stream's answer ends hours later: that is not the time to answer.
    if (url !== STREAM_PATH || reply.statusCode !== 200)
      deps.metrics.observe(request.method, url, reply.statusCode, reply.elapsedTime)
    done()
  })
  if (deps.corsOrigins.length > 0) {
    const origin = [...deps.corsOrigins]
    await app.register(cors, { origin, methods: METHODS, exposedHeaders: EXPOSED_HEADERS, maxAge: 600 })
  }
  const { streams } = deps
  if (streams !== null) {
    await describeApi(app)
    await serviceAndUsers(app, { ...deps, streams })
    mailRoutes(app, deps)
    await webRoutes(app, deps)
    acceptSockets(app, { verifier: deps.verifier, streams, nextId })
  }
  operationsRoutes(app, deps)
  return app
}

async function serviceAndUsers(
  app: FastifyInstance,
  deps: AppDeps & { readonly streams: Streams },
): Promise<void> {
  await app.register(async (users) => {
    users.addHook('onRequest', requireCaller(deps.verifier))
    messageRoutes(users, deps)
    conversationRoutes(users, deps)
    communityRoutes(users, deps)
    insightsRoutes(users, deps)
    memberRoutes(users, deps)
    settingsRoutes(users, deps)
    deviceRoutes(users, deps)
    streamRoutes(users, deps)
  })
  await app.register(async (service) => {
    service.addHook('onRequest', requireServiceKey(deps.serviceKeys))
    serviceRoutes(service, deps)
    hostInsightsRoutes(service, deps)
    notificationRoutes(service, deps)
    await transferRoutes(service, deps)
  })
  await unsubscribeRoutes(app, deps)
}

// Whoever opens a connection and says nothing, or not all of it, is not waited for longer.
const HEADERS_WITHIN_MS = 8_000
const CHECK_CONNECTIONS_MS = 1_000

function newServer(logLevel: string, nextId: () => string, hasStreams: boolean): FastifyInstance {
  return fastify({
    http: {
      headersTimeout: HEADERS_WITHIN_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
      shouldUpgradeCallback: (request) => hasStreams && asksForStream(request),
    },
    // Standard error, since standard output is for the operator's first screenful.
    logger: {
      level: logLevel,
      stream: process.stderr,
      serializers: { req: () => ({}), res: () => ({}), err: loggable },
    },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: nextId,
    requestIdHeader: false,
    bodyLimit: BODY_MAX,
    // Requests that began before the stop are answered, on the connections that are open (CONTRACT §8).
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // Longer than any id: one that is too long is answered like one that does not exist.
    routerOptions: { maxParamLength: 2_048 },
    frameworkErrors: answerError,
    clientErrorHandler: answerBrokenHttp(nextId),
    ajv: { customOptions: AJV_OPTIONS },
  })
}
