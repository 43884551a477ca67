import { Ajv } from 'ajv'
import type { TSchema } from 'typebox'
import { formats } from './formats.ts'
import { type SchemaError, wordsOf } from './words.ts'

/** How every schema of the contract validates, over HTTP and in an import: nothing is coerced, stripped or filled in. */
export const AJV_OPTIONS = {
  coerceTypes: false as const,
  removeAdditional: false as const,
  useDefaults: false as const,
  allErrors: true,
  // wordsOf needs the schema beside the error.
  verbose: true,
  formats,
  keywords: ['faults'],
}

/** Compiles a schema to a function that gives every fault of a value in the contract's words; none when it is valid. */
export function validatorOf(schema: TSchema): (value: unknown) => string[] {
  const validate = new Ajv({ ...AJV_OPTIONS, strict: false }).compile(schema)
  return (value) => (validate(value) ? [] : wordsOf((validate.errors ?? []) as SchemaError[]))
}
