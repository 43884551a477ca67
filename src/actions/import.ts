import { setImmediate } from 'node:timers/promises'
import type { ImportAnswer } from '../../contract/transfer.ts'
import type { Db } from '../store/db.ts'
import { changeCommunities, importCommunities } from './import-communities.ts'
import { importKeys } from './import-keys.ts'
import { linesOf, untilAborted } from './import-lines.ts'
import { importMembers } from './import-members.ts'
import { importMessages } from './import-messages.ts'
import { type Entries, noEntries, readLine } from './import-read.ts'
import { createRunner, partsOf, type Runner } from './import-run.ts'
import { createTally, type Outcome } from './import-tally.ts'
import { importUsers } from './import-users.ts'
import { createIdMaker, type IdMaker } from './message-ids.ts'

// Larger batches are hardly faster (measured: 500 lines 20 % slower, 2,000 the same), and sends into the same conversations wait for
// their end. The characters bound what a batch of long texts holds.
const BATCH = { lines: 1_000, characters: 2_000_000 }

interface Batch {
  readonly entries: Entries
  /** The lines that are wrong by themselves. */
  readonly faulty: Outcome
  /** How far the input has been read. */
  readonly bytes: number
  readonly lines: number
}

interface Site {
  readonly db: Db
  readonly runner: Runner
  readonly ids: IdMaker
}

/**
 * Takes in NDJSON (CONTRACT §7): users, communities, members, messages and idempotency keys, each after what it refers to. In
 * bounded memory, in transactions of up to 1,000 lines. Every line is judged by itself, and importing the same again changes
 * nothing: what is stored is left alone when it is equal, and a message whose id is there is passed over.
 * @param input text in UTF-8, cut anywhere
 * @throws {StoreUnavailable} the signal's reason, or the input's error: what was committed stays, and is passed over next time
 */
export async function importLines(
  db: Db,
  input: AsyncIterable<Uint8Array | string>,
  options: { onProgress?: (bytes: number, lines: number) => void; signal?: AbortSignal } = {},
): Promise<ImportAnswer> {
  const { signal, onProgress } = options
  const client = await db.dedicated('snug import')
  const site: Site = { db, runner: createRunner(client, signal), ids: createIdMaker() }
  const tally = createTally()
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const batch of batchesOf(signal ? untilAborted(input, signal) : input)) {
      await writing
      // One batch is written while the next one is read.
      writing = write(site, batch).then((outcomes) => {
        tally.add(outcomes)
        onProgress?.(batch.bytes, batch.lines)
      })
      writing.catch(() => {})
    }
    await writing
    return tally.answer()
  } finally {
    await writing.catch(() => {})
    await client.end().catch(() => {})
  }
}

async function* batchesOf(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Batch> {
  let batch = noBatch()
  for await (const block of linesOf(input)) {
    for (const { number, text, fault } of block.lines) {
      const faults = text === null ? [fault as string] : readLine(number, text, Date.now(), batch.entries)
      if (faults.length > 0) batch.faulty.refused.push({ line: number, message: faults.join(', ') })
      batch.lines = number
      batch.size++
      batch.characters += text?.length ?? 0
      if (batch.size < BATCH.lines && batch.characters < BATCH.characters) continue
      yield { ...batch, bytes: block.bytes }
      batch = noBatch()
    }
    batch.bytes = block.bytes
    // The answers to what is being written are let in between: an input that is always ready would keep them waiting.
    await setImmediate()
  }
  if (batch.size > 0) yield batch
}

function noBatch() {
  const faulty: Outcome = { counts: {}, refused: [] }
  return { entries: noEntries(), faulty, bytes: 0, lines: 0, size: 0, characters: 0 }
}

// Kind by kind, each in a transaction of its own: so none holds a lock of one kind while it waits for one of an earlier kind.
async function write({ db, runner, ids }: Site, { entries, faulty }: Batch): Promise<Outcome[]> {
  const outcomes: Outcome[] = [faulty]
  for (const part of partsOf(entries.user, ({ line }) => [line.id])) {
    outcomes.push(...(await runner.run(part, importUsers)))
  }
  for (const part of partsOf(entries.community, ({ line }) => [line.id])) {
    for (const outcome of await runner.run(part, importCommunities)) {
      outcomes.push(outcome)
      if ('left' in outcome) outcomes.push(await changeCommunities(db, outcome.left))
    }
  }
  const namesOf = ({ community_id, user_id, id = '' }: Entries['member'][number]['line']) => [
    `user ${community_id} ${user_id}`,
    ...(id === '' ? [] : [`id ${community_id} ${id.toLowerCase()}`]),
  ]
  for (const part of partsOf(entries.member, ({ line }) => namesOf(line))) {
    outcomes.push(...(await runner.run(part, (tx, some) => importMembers(tx, some, ids))))
  }
  outcomes.push(...(await runner.run(entries.message, (tx, some) => importMessages(tx, some, ids))))
  outcomes.push(...(await runner.run(entries.idempotency_key, importKeys)))
  return outcomes
}
