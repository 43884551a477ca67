import type { Queryable } from '../../src/store/db.ts'

/**
 * What the tables have to hold after any history, as statements that return the rows that break it. `IN(c)` keeps to the
 * communities whose ids are given.
 */
const INVARIANTS: Readonly<Record<string, string>> = {
  'positions are 1, 2, 3 … to last_position': `
    select c.community_key, c.key, c.last_position, m.found
    from conversations c
    cross join lateral (select count(*) as found, coalesce(min(position), 1) as first, coalesce(max(position), 0) as last
      from messages where community_key = c.community_key and conversation_key = c.key) as m
    where IN(c) and (m.found <> c.last_position or m.last <> c.last_position or m.first <> 1)`,
  'every message is in a conversation of its two people': `
    select m.community_key, m.id from messages m
    left join conversations c on c.community_key = m.community_key and c.key = m.conversation_key
    where IN(m) and (c.low_key, c.high_key) is distinct from
      (least(m.sender_key, m.recipient_key), greatest(m.sender_key, m.recipient_key))`,
  'last_message_id and last_sender_key are those of the last message': `
    select c.community_key, c.key from conversations c
    left join messages m on m.community_key = c.community_key and m.conversation_key = c.key and m.position = c.last_position
    where IN(c)
      and (c.last_message_id, c.last_sender_key) is distinct from (m.id, m.sender_key)`,
  'ids have the order of positions': `
    select o.community_key, o.id from (
      select m.community_key, m.id, lag(m.id) over (partition by m.conversation_key order by m.position) as before
      from messages m where IN(m)
    ) as o where o.before >= o.id`,
  'inboxes.listed is the number of listed conversations': `
    with counted as (
      select c.community_key, user_key, count(*) as listed
      from conversations c cross join lateral (values (low_key), (high_key)) as p (user_key)
      where c.listed group by c.community_key, user_key
    )
    select c.community_key, c.user_key from (
      select community_key, user_key, coalesce(counted.listed, 0) as counted, coalesce(i.listed, 0) as kept
      from counted full join inboxes i using (community_key, user_key)
    ) as c where IN(c) and c.counted <> c.kept`,
  'what is read lies within the conversation, and a sender has read their own': `
    select c.community_key, c.key from conversations c
    where IN(c) and (c.low_read not between 0 and c.last_position or c.high_read not between 0 and c.last_position
      or (c.last_position > 0
        and c.last_position > case when c.last_sender_key = c.low_key then c.low_read else c.high_read end))`,
  'a conversation is blocked when one of its two people is': `
    select c.community_key, c.key from conversations c
    where IN(c) and c.blocked <> exists (select from members m
      where m.community_key = c.community_key and m.user_key in (c.low_key, c.high_key) and m.blocked)`,
  'an erased user has no text and no active membership': `
    select c.community_key, c.id from messages c join users u on u.key = c.sender_key
    where IN(c) and u.erased_at is not null and c.content <> ''
    union all
    select c.community_key, c.id from members c join users u on u.key = c.user_key
    where IN(c) and u.erased_at is not null and c.status <> 'canceled'`,
}

/** @returns a line for each row that breaks an invariant; empty when all hold */
export async function brokenInvariants(
  db: Queryable,
  communityIds: readonly string[] | null = null,
): Promise<string[]> {
  const broken: string[] = []
  for (const [name, text] of Object.entries(INVARIANTS)) {
    const scoped = text.replace(
      /IN\((\w)\)/g,
      (_, alias) =>
        `($1::text[] is null or ${alias}.community_key in (select key from communities where id = any ($1)))`,
    )
    const rows = await db.query({ name: `invariant ${name}`.slice(0, 60), text: scoped }, [communityIds])
    broken.push(...rows.map((row) => `${name}: ${JSON.stringify(row)}`))
  }
  return broken
}
