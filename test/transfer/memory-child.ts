import { exportLines } from '../../src/actions/export.ts'
import { importLines } from '../../src/actions/import.ts'
import { openDb } from '../../src/store/db.ts'
import { message, ndjson, people } from './kit.ts'

// Run with a small heap: 200,000 lines, 60 MB, and one of 130 MB, in and out again. Says what came of it.

const LINES = 200_000
const MEMBERS = 50
const TEXT = 'Thanks for the update! See you on Friday at seven, in the usual place. '.repeat(2)

async function* input() {
  yield ndjson(...people(MEMBERS))
  for (let i = 0; i < LINES; i += 500) {
    const lines = Array.from({ length: 500 }, (_, j) => {
      const created_at = new Date(1_600_000_000_000 + (i + j) * 1_000).toISOString()
      return message('ada', `m${((i + j) % MEMBERS) + 1}`, `${i + j} ${TEXT}`, { created_at })
    })
    // Every fifth one is refused.
    for (let j = 0; j < 500; j += 5) lines[j] = { type: 'nonsense', text: TEXT }
    yield Buffer.from(ndjson(...lines))
  }
  // A line without an end.
  for (let i = 0; i < 2_000; i++) {
    yield Buffer.alloc(65_536, 'x')
    watch()
  }
}

const db = openDb({ connectionString: process.argv[2] as string }, { log: () => {}, connections: 2 })
let largest = 0
const watch = () => {
  const { heapUsed, external } = process.memoryUsage()
  largest = Math.max(largest, heapUsed + external)
}
const { imported, refused, errors } = await importLines(db, input(), { onProgress: watch })
let bytes = 0
for await (const chunk of exportLines(db, { communityId: null, onProgress: watch }))
  bytes += Buffer.byteLength(chunk)
await db.close()
console.log(JSON.stringify({ messages: imported.messages, refused, errors: errors.length, bytes, largest }))
