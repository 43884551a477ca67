import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import type { WebSocket } from 'ws'
import { errors } from '../../../contract/errors.ts'
import { StreamEvents, StreamQuery } from '../../../contract/stream.ts'
import { pairOf } from '../../domain/pair.ts'
import { Refused } from '../../domain/refusal.ts'
import { maySend } from '../../domain/standing.ts'
import type { Db } from '../../store/db.ts'
import { factsOfRead } from '../../store/threads.ts'
import { answerProblem } from '../errors.ts'
import { operation } from '../operation.ts'
import { hostId } from '../path.ts'

export const STREAM_PATH = '/api/v1/stream'

/** Who opens a stream: CONTRACT §6. */
export interface StreamCaller {
  readonly userId: string
  readonly userKey: number
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly since: string | null
}

/** What the streams' side gives to HTTP. */
export interface Streams {
  /** The user's key; null: never told of, or erased. */
  admit(userId: string): Promise<number | null>
  openEvents(response: ServerResponse, caller: StreamCaller): void
  /** @param line what the WebSocket writes to */
  openSocket(socket: WebSocket, line: Duplex, caller: StreamCaller, pingsByText: boolean): void
  typing(note: { communityId: string; typerId: string; typerKey: number; otherKey: number }): void
  /** The server ends: no new streams. */
  stopping(): boolean
}

const DESCRIPTION = `Server-sent events for all of the caller's communities, and the same as JSON text frames \`{"id","event","data"}\` over a
WebSocket on the same path (the token as the subprotocol \`bearer.<token>\` next to \`snug.v1\` where no header can be set). With
\`Last-Event-ID\`, or \`since\`, what was missed comes first, then \`ready\`. Events that a client does not know are to be ignored. On a WebSocket
\`ping=text\` has \`{"event":"ping"}\` sent as well, at least every 25 seconds.`

const streamOperation = operation({
  tag: 'Stream',
  summary: 'The stream of events',
  description: DESCRIPTION,
  query: StreamQuery,
  answers: {
    200: {
      description: "Each event's data by its name; an event holds one of them.",
      content: { 'text/event-stream': { schema: { type: 'object', properties: StreamEvents } } },
    } as unknown as TSchema,
  },
})

const typingOperation = operation({
  tag: 'Messages',
  summary: 'Tell that the caller is writing',
  description: "The other's streams get a `typing` event, at most one in 3 seconds. Stored nowhere.",
  params: { community_id: "The community's id", user_id: "The other user's id" },
  answers: { 204: { type: 'null', description: 'Told' } as unknown as TSchema },
  refusals: ['not_found', 'cannot_send'],
})

/**
 * The id of the last event that a client received; null for a new stream. A browser that comes back by itself asks for the same address
 * again, so the header is the newer one.
 */
export function sinceOf(headers: IncomingHttpHeaders, since: string | null | undefined): string | null {
  const header = headers['last-event-id']
  return (typeof header === 'string' && header) || since || null
}

/** The stream as server-sent events, and typing: CONTRACT §3 and §6. */
export function streamRoutes(app: FastifyInstance, { db, streams }: { db: Db; streams: Streams }): void {
  // HEAD would open a stream for nobody.
  app.get<{ Querystring: StreamQuery }>(
    STREAM_PATH,
    { ...streamOperation, exposeHeadRoute: false },
    async (request, reply) => {
      const { callerId: userId, callerUntil: expiresAt } = request
      const userKey = await streams.admit(userId)
      if (userKey === null) throw new Refused('unknown_user')
      if (streams.stopping()) {
        answerProblem(reply, { status: 503, message: errors.unavailable, retryAfter: 1 })
        return reply
      }
      // Whoever has gone meanwhile does not go again: a stream would never hear of its end.
      if (reply.raw.destroyed) return reply.hijack()
      const since = sinceOf(request.headers, request.query.since)
      // What hooks have set, for CORS, would go with the framework's own answer.
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value)
      }
      reply.hijack()
      streams.openEvents(reply.raw, { userId, userKey, expiresAt, since })
      return reply
    },
  )

  app.post<{ Params: { community_id: string; user_id: string } }>(
    '/api/v1/communities/:community_id/messages/:user_id/typing',
    typingOperation,
    async (request, reply) => {
      const { params, callerId } = request
      const [communityId, otherId] = [hostId(params.community_id), hostId(params.user_id)]
      const facts = await factsOfRead(db, { callerId, communityId, otherId, messageId: null })
      const { caller, other } = pairOf(facts)
      if (!other || !maySend(caller, other)) throw new Refused('cannot_send')
      streams.typing({ communityId, typerId: callerId, typerKey: caller.key, otherKey: other.key })
      return reply.code(204).send()
    },
  )
}
