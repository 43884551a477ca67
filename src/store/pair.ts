/**
 * The columns and joins that give the facts of a caller in a community (domain's CallerFacts), and of another user beside
 * the caller (PairFacts). They stand on a relation `request (caller_id, community_id, other_id)`.
 */
// `offset 0` has it looked up by both keys: joined, the planner walks all memberships of the user, of whom it expects few.
export const membershipOf = (who: string): string =>
  `select m.status, m.blocked from members m where m.community_key = community.key and m.user_key = ${who}.key offset 0`

export const CALLER_COLUMNS = `
  caller.key as "callerKey", caller.id as "callerId", caller.username as "callerUsername",
  caller.avatar_url as "callerAvatarUrl", caller.erased_at as "callerErasedAt",
  callers.status as "callerStatus", callers.blocked as "callerBlocked",
  caller.key = any (community.past_creator_keys) as "callerWasCreator",
  community.key as "communityKey", community.creator_key as "creatorKey"`

export const CALLER_JOINS = `
  left join users caller on caller.id = request.caller_id
  left join communities community on community.id = request.community_id
  left join lateral (${membershipOf('caller')}) as callers on true`

export const PAIR_COLUMNS = `${CALLER_COLUMNS},
  other.key as "otherKey", other.id as "otherId", other.username as "otherUsername",
  other.avatar_url as "otherAvatarUrl", other.erased_at as "otherErasedAt",
  others.status as "otherStatus", others.blocked as "otherBlocked",
  other.key = any (community.past_creator_keys) as "otherWasCreator"`

export const PAIR_JOINS = `${CALLER_JOINS}
  left join users other on other.id = request.other_id
  left join lateral (${membershipOf('other')}) as others on true
  left join conversations conversation on conversation.community_key = community.key
    and conversation.low_key = least(caller.key, other.key)
    and conversation.high_key = greatest(caller.key, other.key)`
