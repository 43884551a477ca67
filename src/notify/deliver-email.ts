import type { Letter, NoteSent, NotifiedMessage, Outcome, SendLetter } from '../domain/delivery.ts'
import type { Db } from '../store/db.ts'
import type { MessageFacts } from '../store/notification-facts.ts'
import type { LeasedNotification, Settlement } from '../store/notifications.ts'
import { refuseAddress } from '../store/recipients.ts'
import { type Deliver, messageOf, noticeOf } from './notice.ts'
import { createTurns } from './turns.ts'
import { createJudge, tryLater, untried, waitOn } from './verdicts.ts'
import { wordsOf } from './words.ts'

// More than an email shows; the others are counted.
const SHOW_MOST = 50

// By facts that are older nothing is sent: they are read again.
const FRESH_MS = 250

/**
 * Sends one email for notifications that go out together, if the rules still say so, and tells what came of each.
 * @param deps.concurrency emails under way at once; while they are, the facts of the next ones are read
 */
export function createEmailDelivery(
  db: Db,
  deps: { send: SendLetter; noteSent: NoteSent; emailDelaySeconds: number; concurrency: number },
): Deliver {
  const { send, noteSent } = deps
  const judge = createJudge(db, 'email', deps.emailDelaySeconds, SHOW_MOST)
  const turns = createTurns(deps.concurrency)

  return async (job, mayBegin) => {
    let judged = await judge(job)
    const asked = performance.now()
    const giveBack = await turns.take()
    try {
      if (performance.now() - asked > FRESH_MS) judged = await judge(job)
      const { ready, shown, settled } = judged
      const newest = shown.at(-1)
      if (!newest || !mayBegin()) return settled
      const letter = letterOf(shown, newest, ready.length)
      const began = performance.now()
      const outcome = await send(letter)
      const ids = ready.map(({ leased }) => leased.messageId)
      if (outcome.kind === 'sent') noteSent(ids, 'email', null)
      // If that fails, the next email to the address is refused again, and it is remembered then.
      if (outcome.kind === 'gone')
        await refuseAddress(db, letter.recipient.key, letter.address).catch(() => {})
      const now = newest.now + (performance.now() - began)
      return [...settled, ...ready.map(({ leased }) => settlementOf(leased, outcome, now))]
    } finally {
      giveBack()
    }
  }
}

function letterOf(shown: readonly MessageFacts[], newest: MessageFacts, count: number): Letter {
  const messages = shown.map(messageOf)
  const address = newest.recipient.email as string
  return {
    ...noticeOf(newest),
    messages: messages as [NotifiedMessage, ...NotifiedMessage[]],
    address,
    count,
  }
}

function settlementOf(leased: LeasedNotification, outcome: Outcome, now: number): Settlement {
  switch (outcome.kind) {
    case 'sent':
      return { ...untried(leased), state: 'sent', tried: true }
    case 'gone':
    case 'refused':
      return { ...untried(leased), state: 'failed', tried: true, error: wordsOf(outcome.words) }
    case 'later':
      return tryLater(leased, now, outcome.words, outcome.afterMs)
    case 'paused':
      return waitOn(leased, now, outcome.afterMs)
  }
}
