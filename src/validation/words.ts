import type { Faults } from '../../contract/common.ts'

const BLANK = "can't be blank"

/** An error of ajv's. With `verbose`, `data` and `parentSchema` say what it is about. */
export interface SchemaError {
  readonly keyword: string
  /** A JSON pointer to the value that is at fault: its object, for a field that is missing. */
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly data?: unknown
  readonly parentSchema?: {
    readonly faults?: Faults
    readonly properties?: Readonly<Record<string, { readonly faults?: Faults }>>
  }
}

/**
 * The contract's words for ajv's errors, each once, in the order of the schema's fields: CONTRACT §1. The schemas' `faults` hold
 * them (contract/common.ts).
 */
export function wordsOf(errors: readonly SchemaError[]): string[] {
  // Ajv tells of the fields that are missing before all others.
  const fields = Object.keys(errors.find(isOfMissing)?.parentSchema?.properties ?? {})
  const place = (error: SchemaError) => fields.indexOf(fieldOf(error))
  return [...new Set(errors.toSorted((a, b) => place(a) - place(b)).map(wordOf))]
}

const isOfMissing = ({ keyword, instancePath }: SchemaError) => keyword === 'required' && instancePath === ''

function fieldOf(error: SchemaError): string {
  return isOfMissing(error) ? String(error.params.missingProperty) : (error.instancePath.split('/')[1] ?? '')
}

function wordOf(error: SchemaError): string {
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
