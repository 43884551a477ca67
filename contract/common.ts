import { type Static, type TSchema, Type } from 'typebox'

/**
 * The words of a field's faults, by JSON Schema keyword, for the 422 of CONTRACT §1. A field that is missing or null
 * "can't be blank", and one of the wrong type "is invalid", unless they say otherwise.
 */
export interface Faults {
  readonly label: string
  readonly required?: string
  readonly type?: string
  readonly pattern?: string
  readonly minLength?: string
  readonly maxLength?: string
  readonly format?: string
  readonly minimum?: string
  readonly maximum?: string
  readonly enum?: string
}

/** `string | null` as one schema: a union would be serialized by trying each side. */
export const NullableString = (options: object = {}) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], ...options })

/** A set of words, as JSON Schema's `enum`. */
export const Words = <T extends string>(words: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: words, ...options })

/** Text that PostgreSQL and every client can hold: no U+0000, no half of a surrogate pair (format `text`). */
export const Text = (faults: Faults, options: object = {}) =>
  Type.String({ format: 'text', faults, ...options })

/** At least one character that is not white space. */
export const NOT_BLANK = '[^\\s\\p{White_Space}]'

/** The host's own opaque id (CONTRACT §1). */
export const ID_PATTERN = '^[A-Za-z0-9._~-]{1,64}$'
export const HostId = (faults: Faults) =>
  Type.String({
    pattern: ID_PATTERN,
    faults: { type: "can't be blank", pattern: 'is invalid', ...faults },
    examples: ['user-7'],
  })

export const UUID_PATTERN = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
export const Uuid = Type.String({ format: 'uuid', examples: ['01a203e0-09e9-727d-8a69-7cce79def710'] })

/** UTC, whole seconds: phones' strict ISO 8601 parsers refuse fractions (CONTRACT §1). */
export const Time = Type.String({ format: 'date-time', examples: ['2024-12-01T10:30:00Z'] })

const WHOLE = '0*[1-9][0-9]*'
const mustBePositive = 'must be a positive integer'

export const Page = Type.String({
  pattern: `^${WHOLE}$`,
  faults: { label: 'Page', type: mustBePositive, pattern: mustBePositive },
  description: 'From 1. A page past the end is empty.',
  examples: ['1'],
})
export const PageOrLast = Type.String({
  pattern: `^(${WHOLE}|last)$`,
  faults: { label: 'Page', type: mustBePositive, pattern: mustBePositive },
  description: 'From 1, or `last`. A page past the end is empty.',
  examples: ['1'],
})
export const PerPage = (label = 'Per page') =>
  Type.String({
    pattern: `^${WHOLE}$`,
    faults: { label, type: mustBePositive, pattern: mustBePositive },
    description: 'Default 20; values over 100 mean 100.',
    examples: ['20'],
  })

/** The paged list of CONTRACT §1. */
export const List = <T extends TSchema>(item: T) =>
  Type.Object({ total: Type.Integer(), has_more: Type.Boolean(), data: Type.Array(item) })

export const User = Type.Object(
  {
    id: Type.String({ examples: ['member-1'] }),
    username: Type.String({ examples: ['whisky_lover'] }),
    avatar_url: NullableString({ examples: ['https://storage.example.com/avatars/user.jpg'] }),
  },
  { description: 'An erased user is `{"id", "username": "deleted", "avatar_url": null}`.' },
)

export type User = Static<typeof User>

/** A refusal whose words are one sentence. */
export const Problem = Type.Object({ message: Type.String() })
/** A refusal that lists every fault. */
export const Problems = Type.Object({ message: Type.Array(Type.String()) })
/** The same as the platform's clients of the settings expect it (CONTRACT §5). */
export const SettingProblem = Type.Object({ error: Type.String() })
