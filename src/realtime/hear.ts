import type { Db } from '../store/db.ts'
import { type OutboxRow, usersOfRow } from '../store/outbox.ts'
import { usersInCommunity } from '../store/streams.ts'
import type { Hub } from './hub.ts'
import type { Order } from './order.ts'
import type { Resets } from './resets.ts'
import { type Change, keyOf, type Teller } from './teller.ts'

/**
 * What is done with the changes that come by the bus.
 * @param told resolves when what is being read has been told
 * @param failing is told of users who may have missed something, when it cannot be found out
 */
export function createHearing(
  db: Db,
  hub: Hub,
  order: Order<Change>,
  resets: Pick<Resets, 'heard'>,
  told: Teller['told'],
  failing: (error: unknown, userKeys: readonly number[]) => void,
): (rows: readonly OutboxRow[]) => void {
  const resetCommunity = async (communityKey: number) => {
    resets.heard(communityKey)
    // What is being read is of before, and is told before.
    await told()
    const open = [...hub.users()]
    await usersInCommunity(db, communityKey, open).then(
      (concerned) => hub.resync(concerned),
      (error) => failing(error, open),
    )
  }
  const hear = (row: OutboxRow) => {
    const { kind, change, changedAt, previousAt } = row
    if (kind === 'user.erased') {
      for (const stream of hub.of(row.userKey as number)) hub.end(stream, 'erased')
    } else if (kind === 'community.reset') {
      void resetCommunity(row.communityKey)
    } else if (change === null || changedAt === null) {
      // A server of before wrote it, which did not count changes.
      hub.resync(usersOfRow(row))
    } else {
      order.offer({ key: keyOf(row), change, changedAt, previousAt, row, events: null })
    }
  }
  // Also while there are no streams: the first one that opens must not wait for what has been made just before.
  return (rows) => {
    for (const row of rows) hear(row)
  }
}
