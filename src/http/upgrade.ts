import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { type ServerOptions, WebSocketServer } from 'ws'
import { errors, refusals } from '../../contract/errors.ts'
import { SUBPROTOCOL } from '../../contract/stream.ts'
import type { Caller, Verifier } from '../tokens/verify.ts'
import { answerOnSocket } from './broken.ts'
import { loggable, problemOf } from './errors.ts'
import { STREAM_PATH, type Streams, sinceOf } from './routes/stream.ts'

// A client that is told of the end and does not answer is not waited for: a server that stops must not hang on it.
const CLOSE_WITHIN_MS = 3_000
// Clients have nothing to say; what they say all the same is not read.
const MESSAGE_MOST = 1_024
const BEARER = 'bearer.'

/** Whether a request is to become a WebSocket. All others are answered as if they had not asked. */
export function asksForStream(request: IncomingMessage): boolean {
  return (
    request.method === 'GET' &&
    /^websocket$/i.test(request.headers.upgrade ?? '') &&
    pathOf(request) === STREAM_PATH
  )
}

const pathOf = (request: IncomingMessage) => request.url?.split('?', 1)[0]

/**
 * The stream over WebSocket (CONTRACT §6). The upgrade is taken from the server itself: a framework's plugin around it costs as much
 * memory again as the socket.
 */
export function acceptSockets(
  app: FastifyInstance,
  deps: { readonly verifier: Verifier; readonly streams: Streams; readonly nextId: () => string },
): void {
  const { verifier, streams, nextId } = deps
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    closeTimeout: CLOSE_WITHIN_MS,
    clientTracking: false,
    // Compressing costs 100 KB and more a connection, for texts of some hundred bytes.
    perMessageDeflate: false,
    maxPayload: MESSAGE_MOST,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  }
  const sockets = new WebSocketServer(options)
  // Not a WebSocket's handshake after all.
  sockets.on('wsClientError', (_error, socket) =>
    refuse(socket, nextId(), { status: 400, message: 'Bad Request' }),
  )
  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { userId, expiresAt } = await callerOf(request, verifier)
    const userKey = await streams.admit(userId)
    if (userKey === null) return refuse(socket, nextId(), refusals.unknown_user)
    if (streams.stopping())
      return refuse(socket, nextId(), { status: 503, message: errors.unavailable, retryAfter: 1 })
    if (socket.destroyed) return
    const query = new URLSearchParams(request.url?.split('?', 2)[1])
    const since = sinceOf(request.headers, query.get('since'))
    // The answer goes out with the stream's first frames, where these have nothing to wait for.
    socket.cork()
    process.nextTick(() => socket.uncork())
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      streams.openSocket(
        webSocket,
        socket,
        { userId, userKey, expiresAt: expiresAt * 1_000, since },
        query.get('ping') === 'text',
      )
    })
  }
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', ignore)
    accept(request, socket, head).catch((error) => {
      const requestId = nextId()
      const problem = problemOf(error)
      if (!problem || problem.status === 503)
        app.log.error({ err: loggable(error), requestId }, 'a stream was refused')
      refuse(socket, requestId, problem ?? { status: 500, message: errors.internal })
    })
  })
}

const refuse = (socket: Duplex, requestId: string, problem: Parameters<typeof answerOnSocket>[1]) =>
  answerOnSocket(socket, problem, requestId)

/** A socket that breaks is closed, which is told as well. */
function ignore(): void {}

/** From the header, or from a subprotocol: browsers cannot set headers of a WebSocket. @throws {TokenError} */
async function callerOf({ headers }: IncomingMessage, verifier: Verifier): Promise<Caller> {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
  const token = offered.find((one) => one.startsWith(BEARER))?.slice(BEARER.length)
  return await verifier.verify(headers.authorization ?? token)
}
