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

const LIMITS = { size: 64, inFlight: 2, waiting: 50_000 }

export function createStreamReads(db: Db): StreamReads {
  const admitted = gather<string, number | undefined>(LIMITS, async (batch) => {
    const found = await keysOfUsers(
      db,
      batch.map((one) => one.asked),
    )
    for (const [i, one] of batch.entries()) one.answer(found[i])
  })
  const resumes = gather<ResumeRequest, ResumeFacts>(LIMITS, async (batch) => {
    const rows = await factsOfResumes(
      db,
      batch.map((one) => one.asked),
    )
    for (const row of rows) batch[row.ord - 1]?.answer(row)
  })
  const conversations = gather<StreamRef, StreamFacts | undefined>(LIMITS, async (batch) => {
    const found = await loadConversations(
      db,
      batch.map((one) => one.asked),
    )
    for (const [i, one] of batch.entries()) one.answer(found[i])
  })
  const missed = gather<MissedRequest, StreamMessage[]>(LIMITS, async (batch) => {
    const found = await missedMessages(
      db,
      batch.map((one) => one.asked),
    )
    for (const [i, one] of batch.entries()) one.answer(found[i] as StreamMessage[])
  })
  return {
    admit: admitted.ask,
    resume: resumes.ask,
    conversation: conversations.ask,
    missed: missed.ask,
  }
}
