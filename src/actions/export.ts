import type { TransferLine } from '../../contract/transfer.ts'
import { Refused } from '../domain/refusal.ts'
import { communityKey } from '../store/communities.ts'
import type { Db, Queryable } from '../store/db.ts'
import {
  exportCommunities,
  exportKeys,
  exportMembers,
  exportMessages,
  exportUsers,
  exportUsersOfCommunity,
  type KeyPlace,
  type MemberPlace,
  type MessagePlace,
  othersOfCommunity,
} from '../store/export.ts'
import { inSnapshot } from '../store/transfer.ts'
import { communityLine, keyLine, memberLine, messageLine, userLine } from './export-lines.ts'

// 500 of the longest messages are 10 MB.
const PAGE = 500
// Above every key: PostgreSQL's bigint, as far as a number is exact.
const EVERY = Number.MAX_SAFE_INTEGER

export interface ExportOptions {
  /** Null: everything. */
  readonly communityId: string | null
  readonly signal?: AbortSignal
  readonly onProgress?: (lines: number) => void
}

/**
 * Everything as NDJSON, or one community with its people (CONTRACT §7): users, communities, members, messages, idempotency
 * keys, in the order in which an import can take them. All of it from one snapshot, a page at a time, as fast as it is taken.
 * @returns chunks of complete lines
 * @throws {Refused} `not_found` before the first chunk for an unknown community
 * @throws {StoreUnavailable} or the signal's reason, at any point: what came before is then not the whole
 */
export async function* exportLines(db: Db, options: ExportOptions): AsyncGenerator<string> {
  const { communityId, signal, onProgress } = options
  let lines = 0
  const client = await db.dedicated('snug export')
  try {
    for await (const page of inSnapshot(client, (snapshot) => pagesOf(snapshot, communityId))) {
      signal?.throwIfAborted()
      lines += page.length
      yield page.map((line) => `${JSON.stringify(line)}\n`).join('')
      onProgress?.(lines)
    }
  } finally {
    await client.end().catch(() => {})
  }
}

async function* pagesOf(db: Queryable, communityId: string | null): AsyncGenerator<TransferLine[]> {
  const only = communityId === null ? null : await communityKey(db, communityId)
  if (only === null && communityId !== null) throw new Refused('not_found')
  const last = only ?? EVERY
  const before = only === null ? 0 : only - 1
  yield* usersOf(db, only)
  yield* pages(
    before,
    (after) => exportCommunities(db, after, last, PAGE),
    (row) => row.key,
    communityLine,
  )
  yield* pages<MemberPlace, Awaited<ReturnType<typeof exportMembers>>[number]>(
    [before, EVERY],
    (after) => exportMembers(db, after, last, PAGE),
    (row) => [row.communityKey, row.userKey],
    memberLine,
  )
  yield* pages<MessagePlace, Awaited<ReturnType<typeof exportMessages>>[number]>(
    [before, EVERY, 0],
    (after) => exportMessages(db, after, last, PAGE),
    (row) => [row.communityKey, row.conversationKey, row.position],
    messageLine,
  )
  yield* pages<KeyPlace, Awaited<ReturnType<typeof exportKeys>>[number]>(
    [before, EVERY, ''],
    (after) => exportKeys(db, after, last, PAGE),
    (row) => [row.communityKey, row.senderKey, row.key],
    keyLine,
  )
}

async function* usersOf(db: Queryable, communityKey: number | null): AsyncGenerator<TransferLine[]> {
  const others = communityKey === null ? [] : await othersOfCommunity(db, communityKey)
  yield* pages(
    0,
    (after) =>
      communityKey === null
        ? exportUsers(db, after, PAGE)
        : exportUsersOfCommunity(db, after, PAGE, communityKey, others),
    (row) => row.key,
    userLine,
  )
}

async function* pages<Place, Row>(
  start: Place,
  read: (after: Place) => Promise<Row[]>,
  placeOf: (row: Row) => Place,
  lineOf: (row: Row) => TransferLine,
): AsyncGenerator<TransferLine[]> {
  let after = start
  for (;;) {
    const rows = await read(after)
    if (rows.length > 0) yield rows.map(lineOf)
    if (rows.length < PAGE) return
    after = placeOf(rows.at(-1) as Row)
  }
}
