import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { InvalidJson } from './errors.ts'

/** The largest body, in bytes (CONTRACT §1). The import streams, and bounds its lines instead. */
export const BODY_MAX = 65_536

/**
 * Reads every body as JSON in UTF-8, whatever its content type says: the API speaks nothing else, and curl's default type is a
 * form's. A body that is no object has none of the fields.
 */
export function readBodiesAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  // One that is malformed would be refused before any parser is asked.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.mediaType === undefined) delete request.raw.headers['content-type']
    done()
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parse(body as Buffer))
    } catch {
      done(new InvalidJson())
    }
  })
}

type Hook = (request: FastifyRequest, reply: unknown, done: (error?: Error) => void) => void

/** A preValidation hook: no body is no JSON. */
export const needBody: Hook = (request, _reply, done) => {
  if (request.body === undefined) done(new InvalidJson())
  else done()
}

/** A preValidation hook: no body is an empty object. */
export const allowNoBody: Hook = (request, _reply, done) => {
  request.body ??= {}
  done()
}

function parse(body: Buffer): object | undefined {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new InvalidJson()
  const value: unknown = JSON.parse(body.toString('utf8'))
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
