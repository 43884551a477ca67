import { Refused } from '../domain/refusal.ts'
import { communityKey } from '../store/communities.ts'
import type { Db } from '../store/db.ts'
import { findMember, type MemberRow, upsertMember } from '../store/members.ts'
import { lockUser } from '../store/users.ts'
import { touchCommunity } from '../store/versions.ts'
import type { IdMaker } from './message-ids.ts'

export interface MemberChange {
  readonly communityId: string
  readonly userId: string
  readonly status: string
  /** Null keeps what there is; for a new membership it is now. */
  readonly joinedAt: string | null
  /** Undefined keeps what there is, null clears it. */
  readonly tier: object | null | undefined
}

/**
 * Tells of a membership or changes it (CONTRACT §7). A block stays: it ends by unblocking only.
 * @throws {Refused} `not_found` for an unknown community or user
 */
export async function putMember(
  db: Db,
  ids: IdMaker,
  change: MemberChange,
): Promise<{ created: boolean; member: MemberRow }> {
  const community = await communityKey(db, change.communityId)
  if (community === null) throw new Refused('not_found')
  const { status, joinedAt, tier } = change
  const id = ids.next(Date.now())
  const created = await db.transaction(async (tx) => {
    // Locked: an erasure comes before this, or ends this membership as well.
    const user = await lockUser(tx, change.userId)
    if (!user || user.erasedAt !== null) throw new Refused('not_found')
    await touchCommunity(tx, community)
    return upsertMember(tx, { communityKey: community, userKey: user.key, id, status, joinedAt, tier })
  })
  const member = await findMember(db, community, change.userId, false)
  if (!member) throw new Refused('not_found')
  return { created, member }
}
