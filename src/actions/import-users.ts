import { type UserLine, UserLine as UserLineSchema } from '../../contract/transfer.ts'
import type { Queryable } from '../store/db.ts'
import { type ImportedUser, importUsers as store } from '../store/import-users.ts'
import { touchUsers } from '../store/touches.ts'
import type { Entry } from './import-read.ts'
import type { Outcome } from './import-tally.ts'

const ERASED = 'User has been erased'
const SETTINGS = Object.keys(UserLineSchema.properties.settings.properties)

/**
 * Tells of users, each id at most once. Somebody erased does not come back by an import, which may be an old file run again:
 * that takes a PUT.
 */
export async function importUsers(tx: Queryable, entries: readonly Entry<UserLine>[]): Promise<Outcome> {
  const rows = await store(
    tx,
    entries.map(({ line }) => userOf(line)),
  )
  await touchUsers(
    tx,
    rows.flatMap((row) => row.changedKey ?? []),
  )
  const refused = entries
    .filter((_, i) => rows[i]?.erased)
    .map(({ number }) => ({ line: number, message: ERASED }))
  return { counts: { users: rows.filter((row) => row.stored).length }, refused }
}

function userOf({
  id,
  username,
  name,
  email,
  avatar_url,
  time_zone,
  settings = {},
  erased_at,
}: UserLine): ImportedUser {
  if (erased_at) return { id, username: 'deleted', settings: {}, erased_at }
  const known = Object.entries(settings).filter(([key]) => SETTINGS.includes(key))
  return { id, username, name, email, avatar_url, time_zone, settings: Object.fromEntries(known) }
}
