import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { type SchemaError, wordsOf } from '../validation/words.ts'

const PARTS = ['body', 'querystring', 'headers'] as const

interface ValidationFunction {
  (data: unknown): unknown
  errors?: readonly (FastifySchemaValidationError & SchemaError)[] | null
}

/**
 * Every fault of the request in the contract's words, in the order of the schema's fields; empty when there is none. Routes
 * set `attachValidation`, since the caller and the community are judged before the body (CONTRACT §3).
 */
export function faultsOf(request: FastifyRequest): string[] {
  const first = request.validationError
  if (!first) return []
  const faults: string[] = []
  // Fastify stops at the first part that fails, and every fault is to be told.
  for (const part of PARTS.slice(PARTS.indexOf(first.validationContext as 'body'))) {
    const validate = request.getValidationFunction(part) as ValidationFunction | undefined
    if (!validate) continue
    const data = part === 'body' ? request.body : part === 'querystring' ? request.query : request.headers
    if (validate(data) === false) faults.push(...wordsOf(validate.errors ?? []))
  }
  return faults
}
