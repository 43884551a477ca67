import type { Thread } from './state.ts'

/** Stands in an expected answer where the contract leaves the value open. */
export const ANY = Symbol('any')

/** Stands in an expected answer for a conversation's id: the first answer that names it tells it, then it never changes. */
export class IdOf {
  readonly thread: Thread
  readonly ids: Set<string>

  constructor(thread: Thread, ids: Set<string>) {
    this.thread = thread
    this.ids = ids
  }
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** An id that Snug made and has not given out before. */
export const isFresh = (id: unknown, ids: Set<string>): id is string =>
  typeof id === 'string' && UUID_V7.test(id) && !ids.has(id)

/** Where the two differ first, in words; null when they agree. Fields that are not expected are faults too. */
export function difference(expected: unknown, actual: unknown, at = 'answer'): string | null {
  if (expected === ANY) return null
  if (expected instanceof IdOf) return differenceOfId(expected, actual, at)
  if (Object.is(expected, actual)) return null
  if (!isObject(expected) || !isObject(actual) || Array.isArray(expected) !== Array.isArray(actual))
    return `${at} is ${JSON.stringify(actual)}, expected ${show(expected)}`
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (!(key in expected) || !(key in actual))
      return `${at}.${key} is ${JSON.stringify(actual[key]) ?? 'missing'}, expected ${show(expected[key])}`
    const found = difference(expected[key], actual[key], `${at}.${key}`)
    if (found) return found
  }
  return null
}

function differenceOfId({ thread, ids }: IdOf, actual: unknown, at: string): string | null {
  if (thread.id !== null) return difference(thread.id, actual, at)
  if (!isFresh(actual, ids)) return `${at} is ${JSON.stringify(actual)}, expected a new id`
  thread.id = actual
  ids.add(actual)
  return null
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  return JSON.stringify(value, (_key, one: unknown) => {
    if (one === ANY) return '(any)'
    return one instanceof IdOf ? (one.thread.id ?? '(a new id)') : one
  })
}
