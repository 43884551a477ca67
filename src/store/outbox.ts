import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

// `skip locked`: several servers' relays take different rows and never wait for each other. An array, since with `in` the planner
// reads the whole table to find the few.
const take = sql<{ taken: number }>(
  'outbox.take',
  `with taken as (
     delete from outbox where key = any (array(select key from outbox order by key limit $1 for update skip locked))
     returning 1
   )
   select count(*) as taken from taken`,
)

/** Takes the oldest rows away. @returns how many */
export async function takeFromOutbox(db: Queryable, limit: number): Promise<number> {
  const [row] = await db.query(take, [limit])
  return row?.taken ?? 0
}
