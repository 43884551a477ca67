import { ID_PATTERN, UUID_PATTERN } from '../../contract/common.ts'

const HOST_ID = new RegExp(ID_PATTERN)
const UUID = new RegExp(UUID_PATTERN)

/** A host's id as it is, or '' (which nothing has) for what cannot be one, U+0000 for PostgreSQL among it. */
export function hostId(value: string): string {
  return HOST_ID.test(value) ? value : ''
}

/** A UUID in lower case, or null for anything else. */
export function uuidOrNull(value: unknown): string | null {
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : null
}

/** The faults of an id that the host gives: CONTRACT §1. `conversations` is a path of its own beside the users'. */
export function judgeHostId(id: string, of: 'user' | 'community'): string[] {
  if (!HOST_ID.test(id)) return ['Id must be 1 to 64 of A-Z a-z 0-9 . _ ~ -']
  return of === 'user' && id === 'conversations' ? ['Id is reserved'] : []
}
