import type { Letter, NoteSent, NotifiedMessage, Outcome, SendLetter } from '../domain/delivery.ts'
import type { Db } from '../store/db.ts'
import type { LeasedNotification, Settlement } from '../store/notifications.ts'
import { refuseAddress } from '../store/recipients.ts'
import { createJudge, keepable, type Ready, tryLater, untried, waitOn } from './verdicts.ts'

// More than anybody reads in an email; the newest are shown, and the subject tells how many there are.
const MESSAGES_MOST = 50

/** Sends one email for notifications that go out together, if the rules still say so, and tells what came of each. */
export function createEmailDelivery(
  db: Db,
  { send, noteSent, emailDelaySeconds }: { send: SendLetter; noteSent: NoteSent; emailDelaySeconds: number },
): (job: readonly LeasedNotification[]) => Promise<readonly Settlement[]> {
  const judge = createJudge(db, 'email', emailDelaySeconds)
  return async (job) => {
    const { ready, settled } = await judge(job)
    const newest = ready.at(-1)
    if (!newest) return settled
    const letter = letterOf(ready, newest)
    const began = performance.now()
    const outcome = await send(letter)
    if (outcome.kind === 'sent') for (const { leased } of ready) noteSent(leased.messageId, 'email', null)
    // Not before it is known to be recorded: the next email to the address would be tried.
    if (outcome.kind === 'gone') await refuseAddress(db, letter.recipient.key, letter.address)
    const now = newest.facts.now + (performance.now() - began)
    return [...settled, ...ready.map(({ leased }) => settlementOf(leased, outcome, now))]
  }
}

function letterOf(ready: readonly Ready[], newest: Ready): Letter {
  const { communityId, communityName, conversationId, sender, recipient } = newest.facts
  const messages = ready.slice(-MESSAGES_MOST).map(
    ({ facts }): NotifiedMessage => ({
      id: facts.messageId,
      content: facts.content ?? '',
      createdAt: facts.createdAt ?? facts.now,
    }),
  )
  return {
    community: { id: communityId, name: communityName },
    conversationId,
    sender: { id: sender.id, username: sender.username, avatarUrl: sender.avatarUrl },
    recipient: { key: recipient.key, id: recipient.id, username: recipient.username },
    messages: messages as [NotifiedMessage, ...NotifiedMessage[]],
    address: recipient.email as string,
  }
}

function settlementOf(leased: LeasedNotification, outcome: Outcome, now: number): Settlement {
  switch (outcome.kind) {
    case 'sent':
      return { ...untried(leased), state: 'sent', tried: true }
    case 'gone':
    case 'refused':
      return { ...untried(leased), state: 'failed', tried: true, error: keepable(outcome.words) }
    case 'later':
      return tryLater(leased, now, outcome.words, outcome.afterMs)
    case 'paused':
      return waitOn(leased, now, outcome.afterMs)
  }
}
