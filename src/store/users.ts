import type { Queryable } from './db.ts'
import { removeDevicesOf } from './devices.ts'
import { sql } from './sql.ts'
import { tellErased, touchCommunitiesOf, touchConversationsOf } from './touches.ts'

export interface UserRow {
  readonly key: number
  readonly id: string
  readonly username: string
  readonly name: string | null
  readonly email: string | null
  readonly avatarUrl: string | null
  readonly timeZone: string | null
  readonly settings: Readonly<Record<string, unknown>>
  readonly erasedAt: string | null
}

/** Undefined keeps what there is, null clears it. */
export interface UserChange {
  readonly id: string
  readonly username: string
  readonly name: string | null | undefined
  readonly email: string | null | undefined
  readonly avatarUrl: string | null | undefined
  readonly timeZone: string | null | undefined
  readonly settings: Readonly<Record<string, boolean>>
}

const USER = `key, id, username, name, email, avatar_url as "avatarUrl", time_zone as "timeZone", settings,
  erased_at as "erasedAt"`

const find = sql<UserRow>('users.find', `select ${USER} from users where id = $1`)

/** The user by the host's id, erased ones too; null when the host never told of one. */
export async function findUser(db: Queryable, id: string): Promise<UserRow | null> {
  const [row] = await db.query(find, [id])
  return row ?? null
}

// Not `for update`: a community that is just handed to the user holds its own row and needs this key to stand (its foreign key).
const lock = sql<UserRow>('users.lock', `select ${USER} from users where id = $1 for no key update`)

/** The same, the row locked until the transaction ends. */
export async function lockUser(tx: Queryable, id: string): Promise<UserRow | null> {
  const [row] = await tx.query(lock, [id])
  return row ?? null
}

const upsert = sql<UserRow & { created: boolean }>(
  'users.upsert',
  `insert into users as u (id, username, name, email, avatar_url, time_zone, settings)
   values ($1, $2, $3, $4, $5, $6, $7::jsonb)
   on conflict (id) do update set
     username = excluded.username,
     name = case when $8::boolean then excluded.name else u.name end,
     email = case when $9::boolean then excluded.email else u.email end,
     avatar_url = case when $10::boolean then excluded.avatar_url else u.avatar_url end,
     time_zone = case when $11::boolean then excluded.time_zone else u.time_zone end,
     settings = u.settings || excluded.settings,
     refused_email = case when $9::boolean and excluded.email is distinct from u.email then null else u.refused_email end,
     erased_at = null
   returning xmax = 0 as created, ${USER}`,
)

/** Makes the user or changes one. The host may tell of an erased user anew: it is a new person under the old id. */
export async function upsertUser(db: Queryable, user: UserChange): Promise<UserRow & { created: boolean }> {
  const { id, username, name, email, avatarUrl, timeZone, settings } = user
  const given = [name, email, avatarUrl, timeZone]
  const values = [
    id,
    username,
    ...given.map((v) => v ?? null),
    JSON.stringify(settings),
    ...given.map((v) => v !== undefined),
  ]
  const [row] = await db.query(upsert, values)
  return row as UserRow & { created: boolean }
}

const erase = sql<{ key: number }>(
  'users.erase',
  `update users set username = 'deleted', name = null, email = null, avatar_url = null, time_zone = null, settings = '{}',
     refused_email = null, erased_at = coalesce(erased_at, clock_timestamp())
   where id = $1 returning key`,
)
const endMemberships = sql<never>(
  'users.end_memberships',
  `update members set status = 'canceled', tier = null, block_reason = null where user_key = $1`,
)

/**
 * Removes what is known of the person and ends the memberships, in a transaction. Locks are taken in the order of all others:
 * users, communities, members, devices.
 * @returns the key; null for a user never told of
 */
export async function eraseUser(tx: Queryable, id: string): Promise<number | null> {
  const [row] = await tx.query(erase, [id])
  if (!row) return null
  await touchCommunitiesOf(tx, [row.key])
  await tx.query(endMemberships, [row.key])
  await touchConversationsOf(tx, [row.key])
  await tellErased(tx, row.key)
  await removeDevicesOf(tx, row.key)
  return row.key
}

// What began before the erasure was committed may still write with the facts of before. Exports only read, and erasures only remove, for minutes.
const older = sql<{ running: boolean }>(
  'users.older_transactions',
  `select exists (
     select from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
       and application_name like 'snug%' and application_name not in ('snug export', 'snug erase') and state <> 'idle'
       and xact_start <= $1::timestamptz
   ) as running`,
)
const clock = sql<{ now: string }>('users.clock', 'select clock_timestamp()::text as now')

/** The database's time, to the microsecond. */
export async function databaseTime(db: Queryable): Promise<string> {
  const [row] = await db.query(clock)
  return (row as { now: string }).now
}

/** Whether a transaction of Snug's that began at `time` or before is still running. */
export async function olderTransactionsRun(db: Queryable, time: string): Promise<boolean> {
  const [row] = await db.query(older, [time])
  return row?.running === true
}

const blank = sql<{ blanked: number }>(
  'users.blank_messages',
  `with mine as (
     select community_key from members where user_key = $1
     union select key from communities where creator_key = $1 or past_creator_keys @> array[$1::bigint]
   ), pair as (
     select c.community_key, c.key from mine join conversations c on c.community_key = mine.community_key and c.low_key = $1
     union all
     select c.community_key, c.key from mine
     join conversations c on c.community_key = mine.community_key and c.high_key = $1 and c.listed
     union all
     select c.community_key, c.key from mine
     join conversations c on c.community_key = mine.community_key and c.high_key = $1 and not c.listed
   ), blanked as (
     update messages m set content = '' from pair
     where m.community_key = pair.community_key and m.conversation_key = pair.key and m.sender_key = $1 and m.content <> ''
     returning 1
   ), forgotten as (
     delete from idempotency_keys k using mine where k.community_key = mine.community_key and k.sender_key = $1
   )
   select count(*) as blanked from blanked`,
)

/** Removes the text of all that the user wrote. The messages keep their places: positions stay dense. */
export async function blankMessages(db: Queryable, userKey: number): Promise<void> {
  await db.query(blank, [userKey])
}

// What a mail or push service says of a failure can quote the address, and the devices' ids are the person's.
const clearWords = sql<never>(
  'users.clear_notification_words',
  `update notifications set error = null, devices = null
   where recipient_key = $1 and (error is not null or devices is not null)`,
)

/** Removes what is kept of services' words about sending to the user. What became of each notification stays. */
export async function clearNotificationWords(db: Queryable, userKey: number): Promise<void> {
  await db.query(clearWords, [userKey])
}
