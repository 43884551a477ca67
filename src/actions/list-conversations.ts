import { type ListFacts, type ListRequest, listConversations } from '../store/conversations.ts'
import type { Db } from '../store/db.ts'
import { gather } from './gather.ts'

// Lists are asked for more often than anything else: one statement for many saves most of what a statement costs by itself. Measured
// with 64 connections: 32 at once, two statements on the way, 0.46 of a static answer; 16 and three, 0.38 to 0.45.
const LIMITS = { size: 32, inFlight: 2, waiting: 10_000 }

// A page so deep is walked to, 0.3 s for the 6,000th: whoever asks for one must not keep the others waiting.
const DEEP = 1_000

export type ListConversations = (request: ListRequest) => Promise<ListFacts>

/** Reads conversation lists, gathered with all others that are asked for at the time; each from one snapshot. */
export function createListConversations(db: Db): ListConversations {
  const gathered = gather<ListRequest, ListFacts>(LIMITS, async (batch) => {
    const rows = await listConversations(
      db,
      batch.map((one) => one.asked),
    )
    for (const facts of rows) batch[facts.ord - 1]?.answer(facts)
  })
  return async (request) => {
    if (request.offset <= DEEP) return gathered.ask(request)
    const [facts] = await listConversations(db, [request])
    return facts as ListFacts
  }
}
