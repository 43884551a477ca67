import { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { errors, type RefusalWords, refusals } from '../../contract/errors.ts'
import { Refused } from '../domain/refusal.ts'
import { codeOf, StoreUnavailable } from '../store/errors.ts'
import { TokenError } from '../tokens/fault.ts'

/** An answer that is an error: CONTRACT §1. */
export interface Problem {
  readonly status: number
  readonly message: string | readonly string[]
  /** Where the words stand; default: `message`. */
  readonly field?: 'error'
  /** Seconds. */
  readonly retryAfter?: number
}

const RETRY_AFTER_S = 1

/** The body is not JSON in UTF-8, or is missing where one is needed. */
export class InvalidJson extends Error {
  override name = 'InvalidJson'
}

/** The answer to an error; null for one that is not the client's, nor the database's being away. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Refused) {
    if (error.reason === 'invalid') return { status: 422, message: error.faults }
    const words: RefusalWords = refusals[error.reason]
    return words
  }
  if (error instanceof TokenError) return { status: 401, message: error.fault }
  if (error instanceof InvalidJson) return { status: 400, message: errors.invalidJson }
  if (error instanceof StoreUnavailable) {
    return { status: 503, message: errors.unavailable, retryAfter: RETRY_AFTER_S }
  }
  return problemOfFastify(error as FastifyError)
}

function problemOfFastify(error: FastifyError): Problem | null {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { status: 413, message: errors.tooLarge }
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return { status: 400, message: errors.invalidJson }
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { status: 404, message: errors.notFound }
    default:
      return null
  }
}

/** Fastify's error handler: the contract's words, or a 500 that tells nothing and is in the log. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error)
  if (problem) {
    if (problem.status === 503) request.log.error({ err: error }, 'the database is unavailable')
    answerProblem(reply, problem)
    return
  }
  if (request.raw.destroyed && !request.raw.complete) {
    // The client has gone before its body was whole: nobody is there to answer, and nothing is wrong here.
    request.log.info('a request was cut off by its client')
    return void reply.hijack()
  }
  request.log.error({ err: error, route: request.routeOptions.url }, 'internal error')
  answerProblem(reply, { status: 500, message: errors.internal })
}

/** The headers of every answer (CONTRACT §1). `no-store` for all of them, since nearly every one holds private data. */
export function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.raw.setHeader('x-request-id', request.id)
  reply.raw.setHeader('cache-control', 'no-store')
  reply.raw.setHeader('x-content-type-options', 'nosniff')
}

/** Answers outside the routes' schemas: an error's form is the same whatever the route answers otherwise. */
export function answerProblem(reply: FastifyReply, problem: Problem): void {
  // What fastify refuses before any hook runs comes here as well.
  setCommonHeaders(reply.request, reply)
  if (problem.retryAfter !== undefined) void reply.header('retry-after', String(problem.retryAfter))
  if (problem.status === 401) {
    void reply.header('www-authenticate', 'Bearer')
    reply.raw.once('finish', () => letGoSoon(reply.request.raw.socket))
  }
  void reply
    .code(problem.status)
    .type('application/json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send({ [problem.field ?? 'message']: problem.message })
}

// As long as a client takes to come again with a fresh token.
const UNKNOWN_WITHIN_MS = 5_000

/**
 * Whoever is refused, and keeps the connection or the rest of a body to themselves, is not waited for as others are: the next request on
 * it ends this. Closing at once would cut off answers to those who still send.
 */
function letGoSoon(socket: unknown): void {
  if (socket instanceof Socket) socket.setTimeout(UNKNOWN_WITHIN_MS)
}

/** What a log line may hold of an error: PostgreSQL's messages and details can quote what people wrote. */
export function loggable(error: unknown): {
  type: string
  message: string
  stack: string
  constraint?: string
} {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' }
  const cause = error.cause instanceof Error ? error.cause : error
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return {
    type: error.name,
    message: codeOf(cause),
    stack: frames.slice(0, 12).join('\n'),
    ...('constraint' in cause && { constraint: String(cause.constraint) }),
  }
}
