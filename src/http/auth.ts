import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors } from '../../contract/errors.ts'
import { matchesAny } from '../secrets.ts'
import type { Caller, Verifier } from '../tokens/verify.ts'
import { answerProblem } from './errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who brings the token: the host's user id. '' until a user's route has checked it. */
    callerId: string
    /** Until when the token lets them, in milliseconds since 1970. */
    callerUntil: number
  }
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** Checks the caller's token before the body is read. Answers 401 in the words of CONTRACT §1. */
export function requireCaller(verifier: Verifier): Hook {
  return (request, _reply, done) => {
    const accept = (caller: Caller) => {
      request.callerId = caller.userId
      request.callerUntil = caller.expiresAt * 1_000
      done()
    }
    try {
      const caller = verifier.verify(request.headers.authorization)
      if (caller instanceof Promise) caller.then(accept, done)
      else accept(caller)
    } catch (error) {
      done(error as Error)
    }
  }
}

/** Checks the host platform's service key (CONTRACT §7). */
export function requireServiceKey(keys: readonly string[]): Hook {
  return (request, reply, done) => {
    const given = (request.headers.authorization ?? '').replace(/^\s*bearer(?:\s+|$)/i, '').trim()
    if (given !== '' && matchesAny(given, keys)) return done()
    answerProblem(reply, { status: 401, message: given === '' ? errors.missingToken : errors.invalidToken })
  }
}
