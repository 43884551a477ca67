import { type Gathered, gather } from '../actions/gather.ts'
import type { Channel } from '../domain/delivery.ts'
import { judgeNotification } from '../domain/notification.ts'
import { isGivenUp, waitBeforeRetry } from '../domain/retry.ts'
import type { Db } from '../store/db.ts'
import { factsOfMessages, type MessageFacts, notificationFacts } from '../store/notification-facts.ts'
import type { LeasedNotification, Settlement } from '../store/notifications.ts'

/** A notification with the facts of the moment of sending. */
export interface Ready {
  readonly leased: LeasedNotification
  readonly facts: MessageFacts
}

export interface Judged {
  /** What goes out, oldest first. */
  readonly ready: readonly Ready[]
  /** What does not: skipped, or held on. */
  readonly settled: readonly Settlement[]
}

/** Asks the rules again, at the moment of sending (CONTRACT §5), for everything that would go out together. */
export type Judge = (job: readonly LeasedNotification[]) => Promise<Judged>

// A conversation can gather any number of messages by the morning; their texts are not all read at once.
const AT_ONCE = 500

export function createJudge(db: Db, channel: Channel, emailDelaySeconds: number): Judge {
  const facts = gatherFacts(db)
  return async (job) => {
    const known = new Map<string, MessageFacts>()
    for (let i = 0; i < job.length; i += AT_ONCE) {
      for (const [id, fact] of await facts.ask(job.slice(i, i + AT_ONCE))) known.set(id, fact)
    }
    const ready: Ready[] = []
    const held: Ready[] = []
    const settled: Settlement[] = []
    let until = Number.POSITIVE_INFINITY
    let reason: Settlement['reason'] = null
    let together: Settlement['gather'] = 'none'
    for (const leased of job) {
      const fact = known.get(leased.messageId)
      if (!fact) {
        settled.push({ ...untried(leased), state: 'skipped', reason: 'deleted' })
        continue
      }
      const verdict = judgeNotification(notificationFacts(fact, channel), fact.now, emailDelaySeconds)
      if (verdict.kind === 'skip')
        settled.push({ ...untried(leased), state: 'skipped', reason: verdict.reason })
      else if (verdict.kind === 'send') ready.push({ leased, facts: fact })
      else {
        held.push({ leased, facts: fact })
        until = Math.min(until, verdict.until)
        reason = verdict.reason
        together = verdict.gather
      }
    }
    // The first one's time is up: it takes those with it that came later, since the window is the conversation's.
    if (ready.length > 0) ready.push(...held)
    else
      for (const { leased } of held)
        settled.push({ ...untried(leased), state: 'waiting', reason, gather: together, dueAt: until })
    return { ready: ready.sort(byAge), settled }
  }
}

const byAge = (a: Ready, b: Ready) =>
  (a.facts.createdAt ?? 0) - (b.facts.createdAt ?? 0) || (a.leased.messageId < b.leased.messageId ? -1 : 1)

type Refs = readonly LeasedNotification[]

// One read for all that is about to be sent at the time: at a thousand a second a read for each would cost as much as the sending.
function gatherFacts(db: Db): Gathered<Refs, Map<string, MessageFacts>> {
  return gather({ size: 64, inFlight: 1, waiting: 10_000 }, async (batch) => {
    const facts = await factsOfMessages(
      db,
      batch.flatMap(({ asked }) => asked),
      true,
    )
    for (const one of batch) one.answer(facts)
  })
}

const WORDS_MOST = 300

/** A service's words as they can be kept: one line that PostgreSQL and JSON can hold. */
export function keepable(words: string): string {
  return words
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, WORDS_MOST)
    .toWellFormed()
}

/** A settlement to start from: nothing was tried, nothing is known. */
export function untried(leased: LeasedNotification): Settlement {
  const { messageId, channel, gather: together } = leased
  const nothing = { reason: null, dueAt: null, tried: false, error: null, devices: null }
  return { messageId, channel, state: 'waiting', gather: together, ...nothing }
}

/** One that is to be tried again: later, or after a day of that kept as failed. @param now epoch milliseconds */
export function tryLater(
  leased: LeasedNotification,
  now: number,
  words: string,
  afterMs: number | null,
): Settlement {
  const attempts = leased.attempts + 1
  const tried = { ...untried(leased), tried: true, error: keepable(words) }
  if (isGivenUp(leased.firstTriedAt ?? now, now)) return { ...tried, state: 'failed' }
  const dueAt = now + waitBeforeRetry(attempts, afterMs, Math.random())
  return { ...tried, state: 'waiting', reason: 'retry', dueAt }
}

/** One whose service is not to be asked for a while. */
export function waitOn(leased: LeasedNotification, now: number, afterMs: number): Settlement {
  return { ...untried(leased), state: 'waiting', reason: 'retry', dueAt: now + afterMs }
}
