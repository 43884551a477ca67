import { Refused } from '../domain/refusal.ts'
import { communityKey } from '../store/communities.ts'
import type { Db } from '../store/db.ts'
import { findMember, type MemberRow, upsertMember } from '../store/members.ts'
import type { IdMaker } from './message-ids.ts'

export interface MemberChange {
  readonly communityId: string
  readonly userId: string
  readonly status: string
  /** Null keeps what there is; for a new membership it is now. */
  readonly joinedAt: string | null
  /** Undefined keeps what there is, null clears it. */
  readonly tier: Tier | null | undefined
}

export interface Tier {
  readonly id?: string | null
  readonly name?: string | null
  readonly color?: string | null
}

/** What is kept of a tier: the fields that the contract has, and none that are unknown (CONTRACT §1). */
export function tierOf({ id, name, color }: Tier): Tier {
  return { id, name, color }
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
  const { userId, status, joinedAt } = change
  const tier = change.tier && tierOf(change.tier)
  const id = ids.next(Date.now())
  const created = await upsertMember(db, { communityKey: community, userId, id, status, joinedAt, tier })
  if (created === null) throw new Refused('not_found')
  const member = await findMember(db, community, change.userId, false)
  if (!member) throw new Refused('not_found')
  return { created, member }
}
