import type { Db } from '../../src/store/db.ts'

/** What the million holds, by key. Users and communities have their key as the number in their id: `u1`, `c1`. */
export const MILLION = {
  messages: 1_000_000,
  /** The creator of community 1. */
  creator: 1,
  /** Whom the creator of community 1 has a conversation with: users 2 to this one. */
  lastOfCreator: 100_001,
  /** With user 2, the thread of this many. */
  thread: 250_000,
  /** Communities 2 to this one are ordinary: a creator, 10 members, a conversation with each. */
  communities: 501,
} as const

// Ids as Snug makes them, in the order of time, since their index is the larger for random ones.
const uuid = (n: string) => `(lpad(to_hex(${n}), 12, '0') || '7000800000000000' || lpad('', 4, '0'))::uuid`

const PEOPLE = `
  insert into users (id, username, email) select 'u' || n, 'name of ' || n, n || '@example.com'
    from generate_series(1, 120000) n;
  insert into communities (id, name, creator_key) select 'c' || n, 'Community ' || n, case n when 1 then 1 else 100000 + n end
    from generate_series(1, 501) n;
  insert into members (community_key, user_key, id, status, joined_at)
    select 1, n, ${uuid('n')}, 'active', now() from generate_series(2, 100001) n
    union all
    select c, 110000 + c * 10 + m, ${uuid('1000000 + c * 100 + m')}, 'active', now()
    from generate_series(2, 501) c, generate_series(0, 9) m`

// Of the creator's conversations every 200th has something unread; of the ordinary ones every other. Senders alternate.
const CONVERSATIONS = `
  insert into conversations (community_key, low_key, high_key, key, id, last_position, last_message_id, last_sender_key,
      low_read, high_read, active_at)
    overriding system value
    select community, low, high, key, ${uuid('key')}, size, ${uuid('key::bigint * 1000000 + size')},
      case size % 2 when 1 then low else high end, low_read, size - size % 2 * 2, '2026-01-01'::timestamptz + key * interval '1 second'
    from (
      select 1, 1, n, n, size, case when n % 200 = 0 then size - 1 else size end
        from generate_series(2, 100001) n, lateral (select case n when 2 then 250000 when 3 then 10 else 5 end) as s (size)
      union all
      select c, 100000 + c, 110000 + c * 10 + m, 1000000 + c * 10 + m, 50, 50 - m % 2
        from generate_series(2, 501) c, generate_series(0, 9) m
    ) as made (community, low, high, key, size, low_read)`

const MESSAGES = `
  insert into messages (community_key, conversation_key, sender_key, recipient_key, created_at, id, position, content)
    select community_key, key, case p % 2 when 1 then low_key else high_key end, case p % 2 when 1 then high_key else low_key end,
      active_at, ${uuid('key * 1000000 + p')}, p, 'Message ' || p || ' of this conversation, as long as most.'
    from conversations cross join lateral generate_series(1, last_position) p`

const REST = `
  insert into inboxes (community_key, user_key, listed)
    select community_key, user_key, count(*) from conversations cross join lateral (values (low_key), (high_key)) as p (user_key)
    group by 1, 2;
  insert into idempotency_keys (community_key, sender_key, idempotency_key, message_id)
    select community_key, low_key, 'key-' || key, last_message_id from conversations where key % 2 = 1;
  insert into outbox (kind, community_key, low_key, high_key, message_id, position)
    select 'message.created', community_key, low_key, high_key, last_message_id, last_position from conversations
    where key % 5 = 0`

/** The id of a message of the million. @param conversation its key: for the creator's with user n it is n */
export const messageId = (conversation: number, position: number): string =>
  `${(conversation * 1_000_000 + position).toString(16).padStart(12, '0')}70008000${'0'.repeat(12)}`

// Built after the rows, and without a log of them, in a third of the time: the plans are the same.
const LATE = ['messages', 'conversations']
const UNLOGGED = [...LATE, 'members', 'inboxes', 'idempotency_keys']

/** Fills a migrated, empty database with a million messages, as sending them would have left it. */
export async function makeMillion(db: Db): Promise<void> {
  const client = await db.dedicated('snug test')
  try {
    await client.query(
      `set enable_seqscan = on; set plan_cache_mode = auto; set maintenance_work_mem = '256MB'`,
    )
    for (const table of UNLOGGED) await client.query(`alter table ${table} set unlogged`)
    const late = await client.query(INDEXES, [LATE])
    for (const { drop } of late.rows) await client.query(drop)
    for (const text of [PEOPLE, CONVERSATIONS, MESSAGES]) await client.query(text)
    for (const { make } of late.rows) await client.query(make)
    await client.query(REST)
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

// The constraints first: their indexes cannot be dropped by themselves.
const INDEXES = `
  select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
    format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as make
  from pg_constraint where conrelid = any ($1::regclass[]) and contype in ('p', 'u')
  union all
  select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid) from pg_index
  where indrelid = any ($1::regclass[]) and not exists (select from pg_constraint where conindid = indexrelid)`
