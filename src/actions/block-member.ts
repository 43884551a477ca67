import { Refused } from '../domain/refusal.ts'
import { lockCreator, markBlocked, markUnblocked, settleConversations } from '../store/blocks.ts'
import type { Db, Queryable } from '../store/db.ts'

export interface BlockTarget {
  readonly communityKey: number
  readonly userKey: number
  /** Who does it; null is the host. */
  readonly byKey: number | null
}

/**
 * Blocks a member: the membership and the conversations in one transaction, so that it is one switch for everything
 * (CONTRACT §4). Patiently: whoever was the creator once can have 100,000 conversations (2 s).
 * @throws {Refused} `not_the_creator`, `already_blocked`, `creator_cannot_be_blocked`
 */
export function blockMember(db: Db, target: BlockTarget, reason: string | null): Promise<void> {
  return db.patientTransaction(async (tx) => {
    const creatorKey = await lockCreator(tx, target.communityKey)
    refuseOthers(target, creatorKey)
    // The creator counts as active, always: a block would hide conversations that the rules let be read.
    if (target.userKey === creatorKey) throw new Refused('creator_cannot_be_blocked')
    if (!(await markBlocked(tx, { ...target, reason }))) throw new Refused('already_blocked')
    await settleConversations(tx, { ...target, blocked: true })
  })
}

/** Unblocks a member. The status stays as the block left it. @throws {Refused} `not_the_creator`, `not_blocked` */
export function unblockMember(db: Db, target: BlockTarget): Promise<void> {
  return db.patientTransaction(async (tx) => {
    const creatorKey = await lockCreator(tx, target.communityKey)
    refuseOthers(target, creatorKey)
    if (!(await unblockWithin(tx, target))) throw new Refused('not_blocked')
  })
}

/** The community may have changed hands since the request was judged. */
function refuseOthers({ byKey }: BlockTarget, creatorKey: number): void {
  if (byKey !== null && byKey !== creatorKey) throw new Refused('not_the_creator')
}

/** The same within a transaction that holds the community. @returns false when the member was not blocked */
export async function unblockWithin(tx: Queryable, target: BlockTarget): Promise<boolean> {
  if (!(await markUnblocked(tx, target))) return false
  await settleConversations(tx, { ...target, blocked: false })
  return true
}
