import { setTimeout as sleep } from 'node:timers/promises'
import { type Gathered, gather } from '../actions/gather.ts'
import type { Channel } from '../domain/delivery.ts'
import { judgeNotification } from '../domain/notification.ts'
import { isGivenUp, waitBeforeRetry } from '../domain/retry.ts'
import type { Db } from '../store/db.ts'
import { factsOfMessages, type MessageFacts, notificationFacts } from '../store/notification-facts.ts'
import type { LeasedNotification, Settlement } from '../store/notifications.ts'
import { wordsOf } from './words.ts'

/** What goes out, of one notification. */
export interface Ready {
  readonly leased: LeasedNotification
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly senderUsername: string
}

export interface Judged {
  /** What goes out, oldest first. */
  readonly ready: readonly Ready[]
  /** The facts of the newest of it, whole, and of those before it that are shown, oldest first. Empty when nothing goes out. */
  readonly shown: readonly MessageFacts[]
  /** What does not go out: skipped, or held on. */
  readonly settled: readonly Settlement[]
}

/**
 * Asks the rules again, at the moment of sending (CONTRACT §5), for everything that would go out together.
 * @param urgent a service's turn is kept waiting: the facts are read at once, not with those of others
 */
export type Judge = (job: readonly LeasedNotification[], urgent?: boolean) => Promise<Judged>

// A night can gather tens of thousands; only of what is shown the texts are read.
const AT_ONCE = 500

/** @param showMost how many messages one notice shows */
export function createJudge(db: Db, channel: Channel, emailDelaySeconds: number, showMost: number): Judge {
  const wholeFacts = gatherFacts(db)
  return async (job, urgent = false) => {
    const read = (refs: Refs) => (urgent ? factsOfMessages(db, refs, true) : wholeFacts.ask(refs))
    const alone = job.length === 1 ? await read(job) : null
    const verdicts = new Verdicts(channel, emailDelaySeconds)
    for (let i = 0; i < job.length; i += AT_ONCE) {
      const some = job.slice(i, i + AT_ONCE)
      const facts = alone ?? (await factsOfMessages(db, some, false))
      for (const leased of some) verdicts.add(leased, facts.get(leased.messageId))
    }
    const { ready, settled } = verdicts.end()
    const last = ready.slice(-showMost).map(({ leased }) => leased)
    const facts = alone ?? (last.length === 0 ? new Map() : await read(last))
    const shown = last.flatMap(({ messageId }) => facts.get(messageId) ?? [])
    return { ready, shown, settled }
  }
}

class Verdicts {
  readonly #channel: Channel
  readonly #emailDelaySeconds: number
  readonly #ready: Ready[] = []
  readonly #held: Ready[] = []
  readonly #settled: Settlement[] = []
  #hold: Pick<Settlement, 'reason' | 'gather'> & { readonly dueAt: number } = {
    reason: null,
    gather: 'none',
    dueAt: Number.POSITIVE_INFINITY,
  }

  constructor(channel: Channel, emailDelaySeconds: number) {
    this.#channel = channel
    this.#emailDelaySeconds = emailDelaySeconds
  }

  add(leased: LeasedNotification, facts: MessageFacts | undefined): void {
    // Its conversation is not there any more: neither is the message.
    if (!facts) return void this.#settled.push({ ...untried(leased), state: 'skipped', reason: 'deleted' })
    const asked = notificationFacts(facts, this.#channel)
    const verdict = judgeNotification(asked, facts.now, this.#emailDelaySeconds)
    if (verdict.kind === 'skip')
      return void this.#settled.push({ ...untried(leased), state: 'skipped', reason: verdict.reason })
    const ready = {
      leased,
      createdAt: facts.createdAt ?? facts.now,
      senderUsername: facts.sender.username,
    }
    if (verdict.kind === 'send') return void this.#ready.push(ready)
    this.#held.push(ready)
    if (verdict.until < this.#hold.dueAt)
      this.#hold = { reason: verdict.reason, gather: verdict.gather, dueAt: verdict.until }
  }

  end(): { ready: Ready[]; settled: readonly Settlement[] } {
    // The first one's time is up: it takes those with it that came later, since the window is the conversation's.
    if (this.#ready.length > 0) for (const one of this.#held.splice(0)) this.#ready.push(one)
    for (const { leased } of this.#held)
      this.#settled.push({ ...untried(leased), state: 'waiting', ...this.#hold })
    return { ready: this.#ready.sort(byAge), settled: this.#settled }
  }
}

const byAge = (a: Ready, b: Ready) =>
  a.createdAt - b.createdAt || (a.leased.messageId < b.leased.messageId ? -1 : 1)

type Refs = readonly LeasedNotification[]

// One read for all that is about to be sent at the time, and no next one at once: at a thousand a second a read for each would cost as
// much as the sending.
const GATHER_MS = 15

function gatherFacts(db: Db): Gathered<Refs, Map<string, MessageFacts>> {
  return gather({ size: 64, inFlight: 1, waiting: 10_000 }, async (batch) => {
    const refs = batch.flatMap(({ asked }) => asked)
    const facts = await factsOfMessages(db, refs, true)
    for (const one of batch) one.answer(facts)
    await sleep(GATHER_MS)
  })
}

/** A settlement to start from: nothing was tried, nothing is known. */
export function untried(leased: LeasedNotification): Settlement {
  const { messageId, channel, recipientKey, gather: together } = leased
  const nothing = { reason: null, dueAt: null, tried: false, error: null, devices: null }
  return { messageId, channel, recipientKey, state: 'waiting', gather: together, ...nothing }
}

/** One that is to be tried again: later, or after a day of that kept as failed. @param now epoch milliseconds */
export function tryLater(
  leased: LeasedNotification,
  now: number,
  words: string,
  afterMs: number | null,
): Settlement {
  const attempts = leased.attempts + 1
  const tried = { ...untried(leased), tried: true, error: wordsOf(words) }
  if (isGivenUp(leased.firstTriedAt ?? now, now)) return { ...tried, state: 'failed' }
  const dueAt = now + waitBeforeRetry(attempts, afterMs, Math.random())
  return { ...tried, state: 'waiting', reason: 'retry', dueAt }
}

/** One whose service is not to be asked for a while. */
export function waitOn(leased: LeasedNotification, now: number, afterMs: number): Settlement {
  return { ...untried(leased), state: 'waiting', reason: 'retry', dueAt: now + afterMs }
}

/** One that could not be made: a fault of ours, tried again like others. */
export function tryAgain(leased: LeasedNotification, error: Error): Settlement {
  return tryLater(leased, Date.now(), `Snug: ${error.name}`, null)
}
