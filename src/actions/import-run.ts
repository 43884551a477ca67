import type { Client } from 'pg'
import type { Queryable } from '../store/db.ts'
import { codeOf, isConflict, StoreUnavailable } from '../store/errors.ts'
import { transactionOn } from '../store/transfer.ts'
import type { Outcome } from './import-tally.ts'

const ATTEMPTS = 6
// PostgreSQL's classes for data that it cannot take: data exceptions and constraints.
const BAD_DATA = /^2[23]/

/** Writes lines of one kind in a transaction on the import's connection. */
export interface Runner {
  /**
   * @returns what became of the lines, all in the transaction or, when the database refuses one, of each half by itself: one
   * bad line never stops the others
   * @throws {StoreUnavailable}
   */
  run<E extends { number: number }, O extends Outcome>(
    entries: readonly E[],
    write: (tx: Queryable, entries: readonly E[]) => Promise<O>,
  ): Promise<(O | Outcome)[]>
}

/** @param signal aborted: the transaction that is running is rolled back, and what `run` throws is its reason */
export function createRunner(client: Client, signal: AbortSignal | undefined): Runner {
  const runner: Runner = {
    async run(entries, write) {
      if (entries.length === 0) return []
      try {
        return [await attempt(client, signal, (tx) => write(tx, entries))]
      } catch (error) {
        if (!BAD_DATA.test(codeOf(error))) throw error
        if (entries.length === 1) {
          const line = entries[0]?.number as number
          return [{ counts: {}, refused: [{ line, message: 'Line could not be stored' }] }]
        }
        const middle = entries.length >> 1
        const first = await runner.run(entries.slice(0, middle), write)
        return [...first, ...(await runner.run(entries.slice(middle), write))]
      }
    },
  }
  return runner
}

async function attempt<T>(
  client: Client,
  signal: AbortSignal | undefined,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await transactionOn(client, work, () => signal?.throwIfAborted())
    } catch (error) {
      // Another import stores the same, or locks in another order: what it did shows in the next reading.
      if (!isConflict(error)) throw error
      if (round < ATTEMPTS) continue
      throw codeOf(error) === '23505'
        ? error
        : new StoreUnavailable('others write the same', { cause: error })
    }
  }
}

/** Splits lines, in order, so that none of a part's keys comes twice in it: one statement stores a part. */
export function partsOf<E>(entries: readonly E[], keysOf: (entry: E) => readonly string[]): E[][] {
  const parts: E[][] = []
  let seen = new Set<string>()
  for (const entry of entries) {
    const keys = keysOf(entry)
    if (parts.length === 0 || keys.some((key) => seen.has(key))) {
      parts.push([])
      seen = new Set()
    }
    parts.at(-1)?.push(entry)
    for (const key of keys) seen.add(key)
  }
  return parts
}
