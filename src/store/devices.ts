import type { DeviceAddress, Platform } from '../domain/push.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** A registered device, without what it takes to push to it. */
export interface DeviceRow {
  readonly id: string
  readonly platform: Platform
  readonly createdAt: string
  /** When it was last registered. */
  readonly updatedAt: string
}

const DEVICE = `id, platform, created_at as "createdAt", updated_at as "updatedAt"`

const ofUser = sql<DeviceRow & { total: number }>(
  'devices.of_user',
  `select ${DEVICE}, count(*) over () as total from devices
   where user_key = $1 order by updated_at desc, id limit $2 offset $3`,
)
const countOfUser = sql<{ total: number }>(
  'devices.count_of_user',
  'select count(*) as total from devices where user_key = $1',
)

/** A page of a user's devices, the one that was registered last first. */
export async function devicesOfUser(
  db: Queryable,
  userKey: number,
  limit: number,
  offset: number,
): Promise<{ total: number; rows: DeviceRow[] }> {
  const rows = await db.query(ofUser, [userKey, limit, offset])
  const total = rows[0]?.total ?? (await db.query(countOfUser, [userKey]))[0]?.total ?? 0
  return { total, rows }
}

// Rows cannot be locked that are not there yet, and two at once may each take what the other has. In the order of the hashes, whoever
// registers either the id or the address waits here for all others who do, before a device is touched. An address is known by its hash,
// as to its unique index.
const lock = sql<never>(
  'devices.lock',
  `select pg_advisory_xact_lock(hash) from (
     select distinct hashtextextended(name, 5340118) as hash from unnest(array['id ' || $1, $2 || ' ' || md5($3)]) as name order by hash
   ) as hashes`,
)
// Both rows that there can be are locked here, in the order of ids, as an erasure of whoever has them locks its own.
const forgetAddress = sql<never>(
  'devices.forget_address',
  `with taken as materialized (
     select id from devices where id = $1 or (platform = $2 and md5(address) = md5($3)) order by id for update
   )
   delete from devices where id = any (array(select id from taken)) and id <> $1`,
)
// Not now(), which is when the transaction began: the order of registering is that of the locks.
const put = sql<DeviceRow>(
  'devices.put',
  `insert into devices as d (id, user_key, platform, address, p256dh, auth, created_at, updated_at)
   values ($1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp())
   on conflict (id) do update set
     user_key = excluded.user_key, platform = excluded.platform, address = excluded.address, p256dh = excluded.p256dh,
     auth = excluded.auth, updated_at = excluded.updated_at,
     created_at = case when d.user_key = excluded.user_key then d.created_at else excluded.created_at end
   returning ${DEVICE}`,
)

/**
 * Gives the user the device, whoever had its id or its address before: a device belongs to one user at a time (CONTRACT §5). In a
 * transaction that holds the user, so that an erasure comes before or after.
 */
export async function putDevice(
  tx: Queryable,
  userKey: number,
  id: string,
  device: DeviceAddress,
): Promise<DeviceRow> {
  const { platform, address, p256dh, auth } = device
  await tx.query(lock, [id, platform, address])
  await tx.query(forgetAddress, [id, platform, address])
  const [row] = await tx.query(put, [id, userKey, platform, address, p256dh, auth])
  return row as DeviceRow
}

// Those that are locked are about to be somebody else's: to wait for them could be to wait for each other.
const trim = sql<never>(
  'devices.trim',
  `delete from devices where user_key = $1 and id = any (array(
     select id from devices where user_key = $1 order by updated_at desc, id offset $2 for update skip locked
   ))`,
)

/** Removes all but the `most` devices of a user that were registered last, in a transaction that holds the user. */
export async function trimDevices(tx: Queryable, userKey: number, most: number): Promise<void> {
  await tx.query(trim, [userKey, most])
}

const remove = sql<never>('devices.remove', 'delete from devices where id = $1 and user_key = $2')

/** Removes a user's own device; one that is not there or not theirs is left alone. */
export async function removeDevice(db: Queryable, userKey: number, id: string): Promise<void> {
  await db.query(remove, [id, userKey])
}

const removeAll = sql<never>(
  'devices.remove_all',
  `delete from devices where user_key = $1 and id = any (array(
     select id from devices where user_key = $1 order by id for update
   ))`,
)

/** Removes all devices of a user, in a transaction that holds the user: one that is registered meanwhile waits and is refused. */
export async function removeDevicesOf(tx: Queryable, userKey: number): Promise<void> {
  await tx.query(removeAll, [userKey])
}
