import { refusals } from '../../contract/errors.ts'
import type { MemberLine } from '../../contract/transfer.ts'
import type { Queryable } from '../store/db.ts'
import {
  factsOfMembers,
  hideConversations,
  type ImportedMember,
  type MemberImportFacts,
  importMembers as store,
  touchCommunities,
} from '../store/import-members.ts'
import { touchMembers } from '../store/touches.ts'
import { type LockedCommunity, lockCommunities, lockUsers } from '../store/transfer.ts'
import type { Entry } from './import-read.ts'
import type { Outcome } from './import-tally.ts'
import type { IdMaker } from './message-ids.ts'
import { tierOf } from './upsert-member.ts'

/**
 * Tells of memberships, each at most once. A block is taken in where the membership was never blocked before: what has been
 * decided in Snug since is not undone by an old file.
 */
export async function importMembers(
  tx: Queryable,
  entries: readonly Entry<MemberLine>[],
  ids: IdMaker,
): Promise<Outcome> {
  // An erasure comes before this, or ends these memberships as well.
  await lockUsers(
    tx,
    entries.map(({ line }) => line.user_id),
  )
  const communities = await lockCommunities(
    tx,
    entries.map(({ line }) => line.community_id),
  )
  const facts = await factsOfMembers(
    tx,
    entries.map(({ line }) => ({
      communityKey: communities.get(line.community_id)?.key ?? 0,
      userId: line.user_id,
      id: line.id ?? null,
      blockedById: line.metadata?.blocked_by ?? null,
      unblockedById: line.metadata?.unblocked_by ?? null,
    })),
  )
  const refused: Outcome['refused'] = []
  const members: ImportedMember[] = []
  for (const [i, { number, line }] of entries.entries()) {
    const community = communities.get(line.community_id)
    const found = facts[i] as MemberImportFacts
    const faults = faultsOf(line, community, found)
    if (faults.length > 0) refused.push({ line: number, message: faults.join(', ') })
    else if (!(found.erased && found.isMember))
      members.push(memberOf(line, (community as LockedCommunity).key, found, ids))
  }
  if (members.length === 0) return { counts: {}, refused }
  const rows = await store(tx, members)
  await hideConversations(
    tx,
    rows.filter((row) => row.blocked),
  )
  await touchCommunities(
    tx,
    rows.map((row) => row.communityKey),
  )
  // A membership that is new has no conversations, unless somebody was the creator before.
  await touchMembers(tx, rows)
  return { counts: { members: rows.length }, refused }
}

function faultsOf(
  { metadata }: MemberLine,
  community: LockedCommunity | undefined,
  found: MemberImportFacts,
): string[] {
  const faults: string[] = []
  if (!community) faults.push('Community must exist')
  if (found.userKey === null) faults.push('User must exist')
  if (found.idTaken) faults.push('Id is taken')
  if (metadata?.blocked && found.userKey !== null && found.userKey === community?.creatorKey)
    faults.push(refusals.creator_cannot_be_blocked.message)
  if (metadata?.blocked_by && found.blockedByKey === null) faults.push('Blocked by must exist')
  if (metadata?.unblocked_by && found.unblockedByKey === null) faults.push('Unblocked by must exist')
  return faults
}

function memberOf(
  line: MemberLine,
  communityKey: number,
  found: MemberImportFacts,
  ids: IdMaker,
): ImportedMember {
  const { metadata = {}, tier } = line
  // Nobody erased becomes active or gets a tier: erasure took both away.
  const { erased } = found
  return {
    community_key: communityKey,
    user_key: found.userKey as number,
    id: line.id?.toLowerCase() ?? ids.next(Date.now()),
    status: erased ? 'canceled' : line.status,
    joined_at: line.joined_at ?? null,
    tier: tier && !erased ? tierOf(tier) : null,
    tier_given: tier !== undefined,
    block_given: line.metadata !== undefined && !found.everBlocked,
    blocked: metadata.blocked ?? false,
    blocked_at: metadata.blocked_at ?? null,
    blocked_by_key: found.blockedByKey,
    block_reason: metadata.block_reason ?? null,
    unblocked_at: metadata.unblocked_at ?? null,
    unblocked_by_key: found.unblockedByKey,
  }
}
