import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import type { Faults } from '../../contract/common.ts'

const BLANK = "can't be blank"
const PARTS = ['body', 'querystring', 'headers'] as const

/** What ajv gives with `verbose`: the schema beside the error. */
interface VerboseError extends FastifySchemaValidationError {
  readonly data?: unknown
  readonly parentSchema?: {
    readonly faults?: Faults
    readonly properties?: Record<string, { readonly faults?: Faults }>
  }
}

interface ValidationFunction {
  (data: unknown): unknown
  errors?: readonly FastifySchemaValidationError[] | null
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

/** The contract's words for ajv's errors. */
export function wordsOf(errors: readonly FastifySchemaValidationError[]): string[] {
  return [...new Set(errors.map((error) => wordOf(error as VerboseError)))]
}

function wordOf(error: VerboseError): string {
  const missing = error.params.missingProperty
  const faults =
    typeof missing === 'string'
      ? error.parentSchema?.properties?.[missing]?.faults
      : error.parentSchema?.faults
  const label = faults?.label ?? 'Body'
  if (error.keyword === 'required') return `${label} ${faults?.required ?? BLANK}`
  if (error.data === null) return `${label} ${BLANK}`
  const word = faults?.[error.keyword as keyof Faults] ?? 'is invalid'
  return `${label} ${word}`
}
