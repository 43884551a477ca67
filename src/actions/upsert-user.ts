import type { Db } from '../store/db.ts'
import { touchUserLate, touchUsers } from '../store/touches.ts'
import { lockUser, type UserChange, type UserRow, upsertUser } from '../store/users.ts'

/** Tells of a user or changes one (CONTRACT §7). An erased one may be told of anew: a new person under the old id. */
export async function putUser(db: Db, change: UserChange): Promise<UserRow & { created: boolean }> {
  const { user, changed } = await db.transaction(async (tx) => {
    const before = await lockUser(tx, change.id)
    const user = await upsertUser(tx, change)
    const seen = (row: UserRow) => [row.username, row.avatarUrl, row.erasedAt].join('\n')
    // Hosts tell of users at every sign-in; others' lists are made anew only when they would show something else.
    const changed = before !== null && seen(before) !== seen(user)
    if (changed) await touchUsers(tx, [user.key])
    return { user, changed }
  })
  if (changed) await touchUserLate(db, user.key)
  return user
}
