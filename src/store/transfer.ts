import type { Client } from 'pg'
import { type Queryable, queryable } from './db.ts'
import { unavailable } from './errors.ts'
import { sql } from './sql.ts'

/**
 * Runs `work` in a transaction on a connection of its own, READ COMMITTED, rolled back when it throws.
 * @param mayCommit throws when the work is not wanted any more
 */
export async function transactionOn<T>(
  client: Client,
  work: (tx: Queryable) => Promise<T>,
  mayCommit: () => void,
): Promise<T> {
  try {
    await client.query('begin')
    const value = await work(queryable(client))
    mayCommit()
    await client.query('commit')
    return value
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw unavailable(error) ?? error
  }
}

// A page is read along the primary key, and its rows find what belongs to them by key, however many people there are. Left to
// itself the planner takes another index and sorts all that follows, page after page: 8,000 messages a second, not 90,000.
const PLANS = ['sort', 'incremental_sort', 'hashjoin', 'mergejoin', 'bitmapscan']
  .map((plan) => `set local enable_${plan} = off`)
  .join('; ')

/** Reads on a connection of its own, all from one snapshot, until the generator ends. */
export async function* inSnapshot<T>(
  client: Client,
  read: (db: Queryable) => AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    await client.query(PLANS)
    yield* read(queryable(client))
    await client.query('commit')
  } catch (error) {
    throw unavailable(error) ?? error
  }
}

export interface LockedCommunity {
  readonly key: number
  readonly id: string
  readonly creatorKey: number
}

const lock = sql<LockedCommunity>(
  'transfer.lock_communities',
  `select key, id, creator_key as "creatorKey" from communities where id = any($1::text[])
   order by key for no key update`,
)

/**
 * Locks the communities, in key order, until the transaction ends: their creators and blocks then stand still, and other
 * imports into them wait. Sends do not. To be done before anything else is locked, as by blocks. @returns those there are, by id
 */
export async function lockCommunities(
  tx: Queryable,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, LockedCommunity>> {
  const rows = await tx.query(lock, [[...new Set(ids)]])
  return new Map(rows.map((row) => [row.id, row]))
}

const lockPeople = sql<{ key: number }>(
  'transfer.lock_users',
  'select key from users where id = any($1::text[]) order by key for share',
)

/**
 * Keeps the users from being erased until the transaction ends, or waits until they are. In key order, and before the
 * communities, as by every change of a membership.
 */
export async function lockUsers(tx: Queryable, ids: Iterable<string>): Promise<void> {
  await tx.query(lockPeople, [[...new Set(ids)]])
}
