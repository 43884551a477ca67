import type { KeyLine } from '../../contract/transfer.ts'
import type { Queryable } from '../store/db.ts'
import { importKeys as store } from '../store/import-keys.ts'
import type { Entry } from './import-read.ts'
import type { Outcome } from './import-tally.ts'

/** Stores idempotency keys, so that a retry stays safe after a move (CONTRACT §3). */
export async function importKeys(tx: Queryable, entries: readonly Entry<KeyLine>[]): Promise<Outcome> {
  const rows = await store(
    tx,
    entries.map(({ line }) => ({
      communityId: line.community_id,
      senderId: line.sender_id,
      key: line.key,
      messageId: line.message_id.toLowerCase(),
    })),
  )
  const refused: Outcome['refused'] = []
  for (const [i, { number }] of entries.entries()) {
    const faults = [
      ...(rows[i]?.communityExists ? [] : ['Community must exist']),
      ...(rows[i]?.senderExists ? [] : ['Sender must exist']),
    ]
    if (faults.length > 0) refused.push({ line: number, message: faults.join(', ') })
  }
  return { counts: { idempotency_keys: rows.filter((row) => row.stored).length }, refused }
}
