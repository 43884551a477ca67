import { Refused } from '../domain/refusal.ts'
import { insertCommunity, lockCommunity, updateCommunity } from '../store/communities.ts'
import type { Db } from '../store/db.ts'
import { lockUser } from '../store/users.ts'
import { unblockWithin } from './block-member.ts'
import { untilSettled } from './settle.ts'

/**
 * Makes a community, or renames it and hands it to its creator (CONTRACT §7). The creator counts as active always, so a
 * block of theirs from before ends here.
 * @returns whether it is new
 * @throws {Refused} `invalid` for a creator the host never told of
 */
export function upsertCommunity(
  db: Db,
  community: { id: string; name: string; creatorId: string },
): Promise<boolean> {
  return untilSettled(() =>
    db.transaction(async (tx) => {
      const creator = await lockUser(tx, community.creatorId)
      if (!creator || creator.erasedAt !== null) throw new Refused('invalid', ['Creator must exist'])
      const known = await lockCommunity(tx, community.id)
      if (!known) {
        const key = await insertCommunity(tx, community.id, community.name, creator.key)
        return key === null ? null : { value: true }
      }
      await updateCommunity(tx, known.key, community.name, creator.key)
      if (known.creatorKey !== creator.key) {
        await unblockWithin(tx, { communityKey: known.key, userKey: creator.key, byKey: null })
      }
      return { value: false }
    }),
  )
}
