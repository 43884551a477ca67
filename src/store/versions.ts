import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

const one = sql<never>(
  'versions.touch_community',
  'update communities set version = version + 1 where key = $1',
)

/** Tells of a change to a membership or to the creator, in its transaction and before it: lists show both (see http/list-cache). */
export async function touchCommunity(tx: Queryable, communityKey: number): Promise<void> {
  await tx.query(one, [communityKey])
}

// Locked in key order, so that two people's changes never wait for each other crosswise.
const allOf = sql<never>(
  'versions.touch_communities_of',
  `with locked as (
     select key from communities
     where key in (select community_key from members where user_key = $1)
       or creator_key = $1 or past_creator_keys @> array[$1::bigint]
     order by key for update
   )
   update communities c set version = version + 1 from locked where c.key = locked.key`,
)

/** Tells of a change to what others see of a user: the name, the picture. */
export async function touchCommunitiesOf(tx: Queryable, userKey: number): Promise<void> {
  await tx.query(allOf, [userKey])
}
