import type pg from 'pg'
import { blockMember, unblockMember } from '../../src/actions/block-member.ts'
import { deleteMessage } from '../../src/actions/delete-message.ts'
import { markRead } from '../../src/actions/mark-read.ts'
import { createIdMaker } from '../../src/actions/message-ids.ts'
import { createSendMessage } from '../../src/actions/send-message.ts'
import { putMember } from '../../src/actions/upsert-member.ts'
import { Refused } from '../../src/domain/refusal.ts'
import { communityKey } from '../../src/store/communities.ts'
import { type Db, queryable } from '../../src/store/db.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { findUser } from '../../src/store/users.ts'
import type { World } from './model-world.ts'

/** A transaction that has done its work and is not committed yet. */
export interface Held {
  readonly what: string
  /** Whether it is to be committed. */
  readonly commits: boolean
  end(commit: boolean): Promise<void>
}

export interface HeldWork {
  readonly c: string
  readonly from: string
  readonly to: string
  /** Of the two, the last one at the end. */
  readonly notes: { readonly id: string; readonly by: string }[]
  /** Chooses what is done. */
  readonly n: number
}

// The embedded PostgreSQL takes 60, of which a server takes 13.
const CONNECTIONS = { two: 20, more: 6 }

/** Connections that the histories share. */
class Holders {
  readonly #db: Db
  readonly #free: pg.Client[] = []
  readonly #waiting: ((client: pg.Client) => void)[] = []
  #open = 0

  readonly #most: number

  constructor({ db, servers }: World) {
    this.#db = db
    this.#most = servers.length > 2 ? CONNECTIONS.more : CONNECTIONS.two
  }

  async take(): Promise<pg.Client> {
    const free = this.#free.pop()
    if (free) return free
    if (this.#open < this.#most) {
      this.#open++
      return this.#db.dedicated('snug test').catch((error) => {
        this.#open--
        throw error
      })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  give(client: pg.Client): void {
    const next = this.#waiting.shift()
    if (next) next(client)
    else this.#free.push(client)
  }

  async close(): Promise<void> {
    for (const client of this.#free.splice(0)) await client.end()
  }
}

const holders = new WeakMap<World, Holders>()

/** To be called before the database is stopped. */
export async function closeHolders(world: World): Promise<void> {
  await holders.get(world)?.close()
}

/**
 * Does one of the things that servers do, by their own code, in a transaction that is left open: so it commits after what began later.
 * @returns null when it was refused
 */
export async function holdOpen(world: World, work: HeldWork): Promise<Held | null> {
  const mine = holders.get(world) ?? new Holders(world)
  holders.set(world, mine)
  // A busy machine lets nobody in for a while: then nothing is held.
  const client = await mine.take().catch(() => null)
  if (!client) return null
  await client.query('begin')
  const db = within(world.db, client)
  const [what, run] = choose(db, work)
  const end = async (commit: boolean) => {
    await client.query(commit ? 'commit' : 'rollback')
    mine.give(client)
  }
  try {
    const id = await run()
    return {
      what: `${what} in ${work.c}, ${work.from} and ${work.to}`,
      commits: work.n % 5 !== 0,
      async end(commit) {
        await end(commit)
        if (commit && id) work.notes.push({ id, by: work.from })
      },
    }
  } catch (error) {
    await end(false)
    if (error instanceof Refused || error instanceof StoreUnavailable) return null
    throw error
  }
}

/** A database whose transactions are all this open one. */
export function within(db: Db, client: pg.Client): Db {
  const { query } = queryable(client)
  const once = <T>(work: (tx: { query: Db['query'] }) => Promise<T>) => work({ query })
  return { ...db, query, transaction: once, patiently: once, patientTransaction: once }
}

/** @returns in words, and what does it, and gives the id of what was sent */
function choose(
  db: Db,
  { c, from, to, notes, n }: HeldWork,
): readonly [what: string, run: () => Promise<string | null>] {
  const last = notes.at(-1)
  const keys = async () => {
    const [community, user] = [await communityKey(db, c), await findUser(db, from)]
    return { communityKey: community as number, userKey: user?.key as number, byKey: null }
  }
  const nothing = async (work: Promise<unknown>) => {
    await work
    return null
  }
  const kinds: Record<string, () => Promise<string | null>> = {
    'a block': async () => nothing(blockMember(db, await keys(), null)),
    'an unblock': async () => nothing(unblockMember(db, await keys())),
    'a membership': () =>
      nothing(
        putMember(db, createIdMaker(), {
          communityId: c,
          userId: from,
          status: n % 2 === 0 ? 'canceled' : 'trialing',
          joinedAt: null,
          tier: undefined,
        }),
      ),
    ...(last && {
      'a deletion': () =>
        nothing(deleteMessage(db, { callerId: last.by, communityId: c, messageId: last.id })),
      'a read mark': () =>
        nothing(
          markRead(
            db,
            { callerId: last.by === from ? to : from, otherId: last.by, communityId: c, messageId: last.id },
            [],
          ),
        ),
    }),
  }
  const names = Object.keys(kinds)
  // Half of them are messages.
  const name = names[n % (2 * names.length)]
  if (name) return [name, kinds[name] as () => Promise<string | null>]
  const send = createSendMessage(db)
  const content = `held open ${n}`
  const asked = { callerId: from, communityId: c, recipientId: to, content, idempotencyKey: null, faults: [] }
  return ['a message', async () => (await send(asked)).message.id]
}
