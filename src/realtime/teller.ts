import type { OutboxRow } from '../store/outbox.ts'
import type { StreamFacts, StreamRef } from '../store/streams.ts'
import { type EventFor, eventFor } from './events.ts'
import type { Hub } from './hub.ts'
import type { Ordered } from './order.ts'

/** A change that is to be told. What is known of it without asking: its events for the two, where the server made the change itself. */
export interface Change extends Ordered {
  readonly row: OutboxRow
  readonly events: readonly [EventFor, EventFor] | null
}

/** The conversation of a row, in one word. */
export const keyOf = ({ communityKey, lowKey, highKey }: OutboxRow): string =>
  `${communityKey} ${lowKey} ${highKey}`

/** Tells the streams of changes, in the order in which they are given. */
export interface Teller {
  tell(change: Change): void
  /** Resolves when everything that was given before has been told. */
  told(): Promise<void>
  /** Tells nothing of what was given before: all streams are about to start over. */
  forget(): void
}

const AT_ONCE = 200
// What waits to be read is short: keys. More than this means that the database does not answer, and streams start over.
const WAITING_MOST = 20_000

/**
 * Changes that other servers made are read from the database, many in one statement, and judged by what holds now: no event reaches
 * anyone who could not fetch the same (CONTRACT §6). What needs no reading is told at once, unless something of its conversation is
 * still being read.
 */
export function createTeller(
  hub: Hub,
  load: (refs: readonly StreamRef[]) => Promise<readonly (StreamFacts | undefined)[]>,
  failed: (error: unknown, userKeys: readonly number[]) => void,
): Teller {
  let queue: (Change | (() => void))[] = []
  let batch: typeof queue = []
  const reading = new Map<string, number>()
  let running = false

  const tellNow = ({ row, key, change, events }: Change, facts: StreamFacts | undefined) => {
    const told = { key, change }
    for (const [i, userKey] of [row.lowKey, row.highKey].entries()) {
      if (!hub.has(userKey)) continue
      const event = events ? (events[i] as EventFor) : facts && eventFor(row, facts, userKey)
      if (event) hub.tell(userKey, event, told)
    }
  }
  const run = async () => {
    running = true
    while (queue.length > 0) {
      batch = queue.slice(0, AT_ONCE)
      queue = queue.slice(AT_ONCE)
      const unknown = batch.filter((one) => typeof one !== 'function')
      const people = () => unknown.flatMap(({ row }) => [row.lowKey, row.highKey])
      const refs = unknown.map(({ row }) => row)
      const asked = refs.length > 0 ? load(refs) : Promise.resolve([])
      const facts = await asked.catch((error) => {
        failed(error, people())
        return []
      })
      const known = new Map(unknown.map((one, i) => [one, facts[i]]))
      for (const one of batch) {
        if (typeof one === 'function') one()
        else {
          tellNow(one, known.get(one))
          leave(one.key)
        }
      }
    }
    running = false
  }
  const leave = (key: string) => {
    const left = (reading.get(key) ?? 1) - 1
    if (left > 0) reading.set(key, left)
    else reading.delete(key)
  }

  return {
    tell(change) {
      const { row, key, events } = change
      if (!hub.has(row.lowKey) && !hub.has(row.highKey)) return
      if (events && !reading.has(key)) return tellNow(change, undefined)
      if (queue.length >= WAITING_MOST)
        return failed(new Error('too many changes wait'), [row.lowKey, row.highKey])
      reading.set(key, (reading.get(key) ?? 0) + 1)
      // What was known of it is of before it began to wait: a block may have come since.
      queue.push({ ...change, events: null })
      if (!running) void run()
    },
    forget() {
      // What would be told of them after the streams have started over may come again by the bus, and would be told twice.
      queue = queue.filter((one) => typeof one === 'function')
      batch = batch.filter((one) => typeof one === 'function')
      reading.clear()
    },
    told() {
      if (!running) return Promise.resolve()
      return new Promise((resolve) => queue.push(resolve))
    },
  }
}
