import { lockedOf, TELL } from './changes.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

// Changes of people and memberships that lists and threads show, told to the streams. In the order of locks that all keep: users,
// communities, members, conversations.

// A first message that was on its way during a change is in no conversation that the change could see, and is told with what was
// before. So it is looked for once more when the change is committed. No statement of Snug's goes back further.
const YOUNG = `c.touched_at is null and c.active_at > statement_timestamp() - interval '20 seconds'`

const membersTouched = (name: string, only?: string) =>
  sql<{ touched: number }>(
    name,
    `with subject as (
     select * from unnest($1::bigint[], $2::bigint[]) as s (community_key, user_key)
   ), ${lockedOf('subject', only)}, ${TELL}
   select count(*) as touched from touched`,
  )
const ofMembers = membersTouched('touches.members')
const ofMembersLate = membersTouched('touches.members_late', YOUNG)

/** Tells of changed memberships. The communities are locked. */
export async function touchMembers(
  tx: Queryable,
  members: readonly { readonly communityKey: number; readonly userKey: number }[],
): Promise<void> {
  if (members.length === 0) return
  await tx.query(ofMembers, [members.map((one) => one.communityKey), members.map((one) => one.userKey)])
}

/** To be called when a change of a membership has been committed: tells of it to what began meanwhile. */
export async function touchMemberLate(
  db: Queryable,
  member: { readonly communityKey: number; readonly userKey: number },
): Promise<void> {
  await db.query(ofMembersLate, [[member.communityKey], [member.userKey]])
}

// Where they lead, or have led, a person has as many conversations as there are members: there the streams start over instead.
const communitiesOf = sql<never>(
  'touches.communities_of',
  `with mine as materialized (
     select community_key as key from members where user_key = any ($1::bigint[])
     union select key from communities where creator_key = any ($1::bigint[])
     union select key from communities where past_creator_keys && $1::bigint[]
   ), locked as (
     select c.key from mine join communities c on c.key = mine.key order by c.key for no key update of c
   ), touched as (
     update communities set version = version + 1,
       reset_at = case when creator_key = any ($1::bigint[]) or past_creator_keys && $1::bigint[]
         then statement_timestamp() else reset_at end
     where key = any (array(select key from locked))
     returning key, creator_key, past_creator_keys
   )
   insert into outbox (kind, community_key, low_key, high_key)
   select 'community.reset', key, 0, 0 from touched
   where creator_key = any ($1::bigint[]) or past_creator_keys && $1::bigint[]`,
)
const conversationsTouched = (name: string, only?: string) =>
  sql<{ touched: number }>(
    name,
    `with subject as materialized (
     select m.community_key, m.user_key from members m join communities on communities.key = m.community_key
     where m.user_key = any ($1::bigint[]) and creator_key <> m.user_key and not past_creator_keys @> array[m.user_key]
   ), ${lockedOf('subject', only)}, ${TELL}
   select count(*) as touched from touched`,
  )
const conversationsOf = conversationsTouched('touches.conversations_of')
const conversationsOfLate = conversationsTouched('touches.conversations_of_late', YOUNG)

/** Tells of changes to what others see of users: the name, the picture, the texts. The users are locked, nothing else is yet. */
export async function touchUsers(tx: Queryable, userKeys: readonly number[]): Promise<void> {
  await touchCommunitiesOf(tx, userKeys)
  await touchConversationsOf(tx, userKeys)
}

/** The first half of it: their communities' lists, and all streams of those where they lead or have led. */
export async function touchCommunitiesOf(tx: Queryable, userKeys: readonly number[]): Promise<void> {
  if (userKeys.length > 0) await tx.query(communitiesOf, [userKeys])
}

/** The second half: their own conversations, where they are plain members. */
export async function touchConversationsOf(tx: Queryable, userKeys: readonly number[]): Promise<void> {
  if (userKeys.length > 0) await tx.query(conversationsOf, [userKeys])
}

/** To be called when such a change has been committed: tells of it to what began meanwhile. */
export async function touchUserLate(db: Queryable, userKey: number): Promise<void> {
  await db.query(conversationsOfLate, [[userKey]])
}

const erased = sql<never>(
  'touches.erased',
  `insert into outbox (kind, community_key, low_key, high_key, user_key) values ('user.erased', 0, 0, 0, $1)`,
)

/** Has the streams of somebody erased ended. */
export async function tellErased(tx: Queryable, userKey: number): Promise<void> {
  await tx.query(erased, [userKey])
}
