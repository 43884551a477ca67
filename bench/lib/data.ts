import { settle } from './people.ts'
import { type Bench, runSql } from './server.ts'

const TEXT =
  "'message ' || p || ' of this conversation, with enough words to be about as long as what people write to each other, which is 120.'"

/**
 * Conversations of the creator (of one community, or of each: null) with the first `count` members, each with `size` messages, by SQL: sending them would take hours.
 * They are as sending leaves them; the audit of positions and counters holds.
 */
export async function makeConversations(
  bench: Bench,
  community: number | null,
  count: number,
  size: number,
): Promise<void> {
  await runSql(
    bench,
    `with made as (
       insert into conversations (community_key, low_key, high_key, id, last_position, last_message_id, last_sender_key, low_read, high_read, active_at)
       select k.key, least(k.creator_key, u.key), greatest(k.creator_key, u.key), gen_random_uuid(), ${size}, gen_random_uuid(), u.key, 0, 0,
         now() - m * interval '1 second'
       from communities k cross join generate_series(1, ${count}) m
       join users u on u.id = 'member-' || substr(k.id, length('community-') + 1) || '-' || m
       ${community === null ? '' : `where k.id = 'community-${community}'`}
       order by random()
       returning *
     ), counted as (
       insert into inboxes (community_key, user_key, listed)
       select community_key, user_key, count(*) from made cross join lateral (values (low_key), (high_key)) as p (user_key) group by 1, 2
     )
     insert into messages (community_key, conversation_key, sender_key, recipient_key, created_at, id, position, content)
     select community_key, key, last_sender_key, low_key + high_key - last_sender_key, now(), case when p = ${size} then last_message_id else gen_random_uuid() end, p, ${TEXT}
     from made cross join generate_series(1, ${size}) p`,
  )
  await settle(bench)
}

/** A thread of so many messages in community 1, and a list of so many conversations in community 2, whose 10 members are there. */
export async function makeLong(bench: Bench, messages: number, conversations: number): Promise<void> {
  await runSql(
    bench,
    `insert into users (id, username) select 'member-2-' || m, 'member ' || m from generate_series(11, ${conversations}) m;
     insert into members (community_key, user_key, id, status, joined_at)
     select k.key, u.key, gen_random_uuid(), 'active', now() from communities k
     cross join generate_series(11, ${conversations}) m join users u on u.id = 'member-2-' || m where k.id = 'community-2'`,
  )
  await makeConversations(bench, 1, 1, messages)
  await makeConversations(bench, 2, conversations, 2)
}
