// What every statement that changes a conversation does beside its own work, so that streams can tell of it in order and find it again.
// `c` is the conversation's row as it is before the change.

/** When the conversation changed last: a message's is the place in the list. */
export const CHANGED_AT = 'coalesce(c.touched_at, c.active_at)'

/** The earliest time that a next change may have: never backwards within a conversation, whatever clocks do. */
export const AFTER_THE_LAST_CHANGE =
  "c.active_at + interval '1 microsecond', c.touched_at + interval '1 microsecond'"

/**
 * The part of a `set` that marks a change which is no message. One of a row without messages is not told, and so it is not counted: an
 * event that follows must not wait for it.
 */
export const TOUCH = `changes = c.changes + (c.last_position > 0)::integer,
       was_changed_at = ${CHANGED_AT},
       touched_at = greatest(statement_timestamp(), ${AFTER_THE_LAST_CHANGE}),
       was_listed = c.listed`

/** Columns of the outbox, and what they hold of a conversation's row after its change. */
export const TOLD = 'community_key, low_key, high_key, conversation_id, change, changed_at, previous_at'
export const TOLD_OF =
  'community_key, low_key, high_key, id, changes, coalesce(touched_at, active_at), was_changed_at'

/** A time as whole microseconds since 1970: PostgreSQL's own precision, and an exact number in JavaScript until 2255. */
export const microseconds = (time: string): string => `floor(extract(epoch from ${time}) * 1000000)::bigint`

// `offset 0`: while few are unlisted all of them seem cheaper to read than a few look-ups, and the plan stays.
/**
 * The conversations of the members in a relation `subject (community_key, user_key)`, with messages in them, locked in key order.
 * @param only a condition on `c`
 */
export const lockedOf = (subject: string, only = 'true') => `
   pair as (
     select c.community_key, c.low_key, c.high_key from ${subject} s
     join conversations c on c.community_key = s.community_key and c.low_key = s.user_key
     union
     select c.community_key, c.low_key, c.high_key from ${subject} s
     join conversations c on c.community_key = s.community_key and c.high_key = s.user_key and c.listed
     union
     select c.* from ${subject} s cross join lateral (
       select community_key, low_key, high_key from conversations
       where community_key = s.community_key and high_key = s.user_key and not listed offset 0
     ) as c
   ), locked as materialized (
     select c.community_key, c.low_key, c.high_key from pair join conversations c using (community_key, low_key, high_key)
     where c.last_position > 0 and ${only} order by c.community_key, c.low_key, c.high_key for no key update of c
   )`

/** Marks the locked conversations as changed, and tells of it. */
export const TELL = `
   touched as (
     update conversations c set ${TOUCH}
     from locked where c.community_key = locked.community_key and c.low_key = locked.low_key and c.high_key = locked.high_key
     returning c.*
   ), told as (
     insert into outbox (kind, ${TOLD}) select 'conversation.updated', ${TOLD_OF} from touched
   )`
