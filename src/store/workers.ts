import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

const join = sql<{ key: number }>(
  'workers.join',
  `insert into workers (alive_until) values (clock_timestamp() + $1 * interval '1 millisecond') returning key`,
)
const renew = sql<{ key: number }>(
  'workers.renew',
  `update workers set alive_until = clock_timestamp() + $2 * interval '1 millisecond' where key = $1 returning key`,
)

/** Enters a worker whose lease runs for that long. @returns its key */
export async function joinWorkers(db: Queryable, leaseMs: number): Promise<number> {
  const [row] = await db.query(join, [leaseMs])
  return (row as { key: number }).key
}

/** @returns false when the worker had been taken for dead: what it had on lease is others' */
export async function renewLease(db: Queryable, key: number, leaseMs: number): Promise<boolean> {
  return (await db.query(renew, [key, leaseMs])).length > 0
}

const bury = sql<never>(
  'workers.bury',
  `delete from workers where key = any (array(
     select key from workers where alive_until < clock_timestamp() and key <> $1 for update skip locked))`,
)
// By what is on lease, not by who has just died: a claim that was under way when its worker was buried is found the next time.
const free = sql<{ freed: number }>(
  'workers.free',
  `with orphan as materialized (
     select n.message_id, n.channel from notifications n
     where n.channel = any (array['email', 'push']) and n.state = 'waiting' and n.worker_key is not null
       and not exists (select from workers w where w.key = n.worker_key)
     limit $1 for update skip locked
   ), freed as (
     update notifications n set worker_key = null from orphan o
     where n.message_id = o.message_id and n.channel = o.channel returning 1
   )
   select count(*) as freed from freed`,
)
const FREE_AT_ONCE = 1_000

/** Frees what dead workers had on lease. @param key the worker that looks @returns how many notifications */
export async function buryWorkers(db: Queryable, key: number): Promise<number> {
  await db.query(bury, [key])
  return freeOrphans(db)
}

async function freeOrphans(db: Queryable): Promise<number> {
  let all = 0
  for (let some = FREE_AT_ONCE; some === FREE_AT_ONCE; all += some) {
    const [row] = await db.query(free, [FREE_AT_ONCE])
    some = row?.freed ?? 0
  }
  return all
}

const leave = sql<never>('workers.leave', 'delete from workers where key = $1')

/** Takes a worker out, and frees what it had on lease. */
export async function leaveWorkers(db: Queryable, key: number): Promise<void> {
  await db.query(leave, [key])
  await freeOrphans(db)
}
