import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

// Locked in key order, so that two people's changes never wait for each other crosswise.
const allOf = sql<never>(
  'versions.touch_communities_of',
  `with mine as materialized (
     select community_key as key from members where user_key = $1
     union select key from communities where creator_key = $1
     union select key from communities where past_creator_keys @> array[$1::bigint]
   ), locked as (
     select c.key from mine join communities c on c.key = mine.key order by c.key for no key update of c
   )
   update communities set version = version + 1 where key = any (array(select key from locked))`,
)

/** Tells of a change to what others see of a user: the name, the picture. */
export async function touchCommunitiesOf(tx: Queryable, userKey: number): Promise<void> {
  await tx.query(allOf, [userKey])
}
