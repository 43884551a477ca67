import { Refused } from '../domain/refusal.ts'
import { judgeSend, type SendFacts } from '../domain/send.ts'
import type { Db } from '../store/db.ts'
import { isConflict, StoreUnavailable } from '../store/errors.ts'
import { type MessageRow, messageById } from '../store/messages.ts'
import {
  type AdmittedSend,
  factsOfSends,
  type SendRequest,
  type WrittenSend,
  writeSends,
} from '../store/sends.ts'
import { gather, type Settler } from './gather.ts'
import { createIdMaker, furthestId, type IdMaker } from './message-ids.ts'

/** A send as the caller wants it. */
export interface Send extends SendRequest {
  readonly content: string
  /** What is wrong with the body: judged after the caller and the community, before the permission. */
  readonly faults: readonly string[]
}

export interface Sent {
  readonly message: MessageRow
  /** True when the idempotency key had sent the message before. */
  readonly replayed: boolean
}

/**
 * Sends a message, gathered with all others that arrive at the time.
 * @throws {Refused} by the rules of CONTRACT §2 and §3
 * @throws {StoreUnavailable} when the outcome is not known: to be tried again, safely with an idempotency key
 */
export type SendMessage = (send: Send) => Promise<Sent>

/** A send that has just been stored, with the facts by which it was judged. */
export interface StoredSend {
  readonly communityId: string
  readonly facts: SendFacts
  readonly send: AdmittedSend
  readonly written: WrittenSend
  /** When the facts were asked for, by `performance.now`. */
  readonly readAt: number
}

/** Who is to know of sends when they are stored, before they are answered. */
export interface SendObservers {
  /** How many were gathered in a batch, when it is over. */
  readonly batch: (size: number) => void
  /** In the order of each conversation. */
  readonly stored: (sends: readonly StoredSend[]) => void
}

type Waiting = Settler<Send, Sent>
type Admitted = Pick<StoredSend, 'facts' | 'send' | 'readAt'> & { readonly waiting: Waiting }

// 64 to 128 waiting sends already pay one commit together; beyond that the joins of a batch grow faster than it.
const LIMITS = { size: 128, inFlight: 1, waiting: 10_000 }
// Each round again is somebody else's success: a key that was used, a block, an erasure. More than a few is trouble.
const ROUNDS = 8

interface Site {
  readonly db: Db
  readonly ids: IdMaker
  readonly stored: SendObservers['stored']
}

export function createSendMessage(
  db: Db,
  { batch: written, stored }: SendObservers = { batch: () => {}, stored: () => {} },
): SendMessage {
  const site: Site = { db, ids: createIdMaker(), stored }
  const gathered = gather<Send, Sent>(LIMITS, async (batch) => {
    let left: readonly Waiting[] = batch
    for (let round = 0; left.length > 0 && round < ROUNDS; round++) left = await attempt(site, left, round)
    for (const waiting of left) waiting.fail(new StoreUnavailable('the send was overtaken too often'))
    written(batch.length)
  })
  return (send) => gathered.ask(send)
}

/** Judges and writes once. @returns those whose facts were overtaken, to be judged again */
async function attempt(site: Site, batch: readonly Waiting[], round: number): Promise<readonly Waiting[]> {
  const { db, ids } = site
  const readAt = performance.now()
  const facts = await factsOfSends(
    db,
    batch.map((waiting) => waiting.asked),
  )
  const admitted: Admitted[] = []
  const later: Waiting[] = []
  const replays: Promise<void>[] = []
  const keys = new Set<string>()
  const now = Date.now()
  for (const [i, waiting] of batch.entries()) {
    const fact = facts[i] as SendFacts
    if (fact.lastMessageId !== null) ids.observe(fact.lastMessageId, now)
    const verdict = judgeSend(fact, waiting.asked.faults)
    if (verdict.kind === 'refused') waiting.fail(verdict.refusal)
    else if (verdict.kind === 'known')
      replays.push(replay(db, verdict.communityKey, verdict.messageId, waiting))
    else if (isRepeated(keys, verdict.communityKey, verdict.senderKey, waiting.asked.idempotencyKey))
      later.push(waiting)
    else {
      const { communityKey, senderKey, recipientKey } = verdict
      const { content, idempotencyKey } = waiting.asked
      const send = {
        communityKey,
        senderKey,
        recipientKey,
        content,
        idempotencyKey,
        messageId: '',
        conversationId: '',
      }
      admitted.push({ waiting, facts: fact, send, readAt })
    }
  }
  const overtaken = admitted.length > 0 ? await write(site, admitted, round) : []
  await Promise.all(replays)
  return [...overtaken, ...later]
}

/** Two sends with one key in one batch: the second is judged when the first is stored. */
function isRepeated(keys: Set<string>, communityKey: number, senderKey: number, key: string | null): boolean {
  if (key === null) return false
  const full = `${communityKey} ${senderKey} ${key}`
  if (keys.has(full)) return true
  keys.add(full)
  return false
}

async function write(site: Site, admitted: readonly Admitted[], round: number): Promise<readonly Waiting[]> {
  const { db, ids } = site
  // Whoever was overtaken by another server's ids reaches further ahead each time, so that one whose clock is behind comes through.
  const now = Date.now() + (round === 0 ? 0 : 2 ** round)
  const sends = admitted.map(({ send }) => ({
    ...send,
    conversationId: ids.next(now),
    messageId: ids.next(now),
  }))
  try {
    const rows = await writeSends(db, sends, furthestId(now))
    const written = new Map(rows.map((row) => [row.ord, row]))
    const overtaken: Waiting[] = []
    const stored: StoredSend[] = []
    for (const [i, { waiting, facts, readAt }] of admitted.entries()) {
      const row = written.get(i + 1)
      const send = sends[i] as AdmittedSend
      if (!row) {
        overtaken.push(waiting)
        continue
      }
      stored.push({ communityId: waiting.asked.communityId, facts, send, written: row, readAt })
      waiting.answer({
        message: messageOf(facts, send.messageId, send.content, row.createdAt),
        replayed: false,
      })
    }
    // The answers go out when this turn is over: the streams' frames are on their way by then.
    site.stored(stored)
    return overtaken
  } catch (error) {
    if (isConflict(error)) return admitted.map(({ waiting }) => waiting)
    if (error instanceof StoreUnavailable || admitted.length === 1) {
      for (const { waiting } of admitted) waiting.fail(error)
      return []
    }
    // One send that the database refuses must not fail its neighbours: each again by itself.
    const left: Waiting[] = []
    for (const one of admitted) left.push(...(await write(site, [one], round)))
    return left
  }
}

async function replay(db: Db, communityKey: number, messageId: string, waiting: Waiting): Promise<void> {
  try {
    const message = await messageById(db, communityKey, messageId)
    const { recipientId, content } = waiting.asked
    if (!message) waiting.fail(new Refused('sent_then_deleted'))
    else if (message.recipientId !== recipientId || message.content !== content)
      waiting.fail(new Refused('key_used_for_another'))
    else waiting.answer({ message, replayed: true })
  } catch (error) {
    waiting.fail(error)
  }
}

function messageOf(facts: SendFacts, id: string, content: string, createdAt: string): MessageRow {
  return {
    id,
    content,
    createdAt,
    recipientId: facts.otherId,
    recipientUsername: facts.otherUsername,
    recipientAvatarUrl: facts.otherAvatarUrl,
    senderId: facts.callerId,
    senderUsername: facts.callerUsername,
    senderAvatarUrl: facts.callerAvatarUrl,
    senderErasedAt: null,
  }
}
