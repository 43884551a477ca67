import { Refused } from '../domain/refusal.ts'
import type { Db } from '../store/db.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { touchUsers } from '../store/touches.ts'
import {
  blankMessages,
  clearNotificationWords,
  databaseTime,
  eraseUser,
  olderTransactionsRun,
} from '../store/users.ts'

// Longer than any transaction of a request may take; an import's are shorter still.
const PATIENCE_MS = 4_000
const POLL_MS = 10

/**
 * Erases a person (CONTRACT §7). First the mark, after which nothing new is sent; then, when all that began before has ended,
 * the texts: a send that was judged before the mark and stored after the texts were removed would stay readable for ever.
 * Safe to do again when it was cut short: the answer is given when all of it is done.
 * @throws {Refused} `not_found` for a user the host never told of
 * @throws {StoreUnavailable} when an older transaction does not end in time
 */
export async function erasePerson(db: Db, userId: string): Promise<void> {
  const key = await db.transaction((tx) => eraseUser(tx, userId))
  if (key === null) throw new Refused('not_found')
  const marked = await databaseTime(db)
  const deadline = Date.now() + PATIENCE_MS
  while (await olderTransactionsRun(db, marked)) {
    if (Date.now() > deadline) throw new StoreUnavailable('an older transaction is still running')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  await db.patiently(async (patient) => {
    await blankMessages(patient, key)
    await clearNotificationWords(patient, key)
  }, 'snug erase')
  // Apart from the texts, which can take long: nobody's membership has to wait for them.
  await db.transaction((tx) => touchUsers(tx, [key]))
}
