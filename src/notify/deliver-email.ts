import type { Letter, NotifiedMessage, Outcome, SendLetter } from '../domain/delivery.ts'
import type { Db } from '../store/db.ts'
import type { MessageFacts } from '../store/notification-facts.ts'
import type { LeasedNotification, Settlement } from '../store/notifications.ts'
import { refuseAddress } from '../store/recipients.ts'
import { type Deliver, type DeliveryDeps, messageOf, noticeOf } from './notice.ts'
import { createTurns, inTurn } from './turns.ts'
import { createJudge, tryLater, untried, waitOn } from './verdicts.ts'
import { wordsOf } from './words.ts'

// More than an email shows; the others are counted.
const SHOW_MOST = 50

/**
 * Sends one email for notifications that go out together, if the rules still say so, and tells what came of each.
 */
export function createEmailDelivery(db: Db, deps: DeliveryDeps<SendLetter>): Deliver {
  const { send, noteSent } = deps
  const judge = createJudge(db, 'email', deps.emailDelaySeconds, SHOW_MOST)
  const turns = createTurns(deps.slots)
  return (job, mayBegin) =>
    inTurn(
      turns,
      (urgent) => judge(job, urgent),
      async ({ ready, shown, settled }) => {
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
      },
    )
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
