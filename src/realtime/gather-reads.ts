import { setTimeout as sleep } from 'node:timers/promises'
import { gather } from '../actions/gather.ts'
import type { Db } from '../store/db.ts'
import {
  factsOfResumes,
  keysOfUsers,
  loadConversations,
  type MissedRequest,
  missedMessages,
  type ResumeFacts,
  type ResumeRequest,
  type StreamFacts,
  type StreamMessage,
  type StreamRef,
} from '../store/streams.ts'

/** What streams read from the database, gathered: thousands of clients may come back at one moment. */
export interface StreamReads {
  /** The user's key; undefined for somebody the host never told of, or an erased one. */
  admit(userId: string): Promise<number | undefined>
  resume(request: ResumeRequest): Promise<ResumeFacts>
  conversation(ref: StreamRef): Promise<StreamFacts | undefined>
  missed(request: MissedRequest): Promise<StreamMessage[]>
}

const LIMITS = { size: 64, inFlight: 1, waiting: 50_000 }
// What comes right after a batch waits so long for others. A statement costs the database 100 to 250 µs and each row of it 6 to 45, and
// without the rest, when 5,000 came back at once, there were three rows in one. Whoever comes alone waits for nothing.
const REST_MS = 2

export function createStreamReads(db: Db): StreamReads {
  return {
    admit: gathered((ids) => keysOfUsers(db, ids)),
    resume: gathered((requests) => factsOfResumes(db, requests)),
    conversation: gathered((refs) => loadConversations(db, refs)),
    missed: gathered((requests) => missedMessages(db, requests)),
  }
}

/** @param read answers all, in the order in which they ask */
function gathered<Asked, Answer>(
  read: (asked: readonly Asked[]) => Promise<readonly Answer[]>,
): (asked: Asked) => Promise<Answer> {
  const { ask } = gather<Asked, Answer>(LIMITS, async (batch) => {
    const answers = await read(batch.map((one) => one.asked))
    for (const [i, one] of batch.entries()) one.answer(answers[i] as Answer)
    if (batch.length < LIMITS.size) await sleep(REST_MS)
  })
  return ask
}
