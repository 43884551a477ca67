import type { User } from '../../contract/common.ts'
import type { StoredSend } from '../actions/send-message.ts'
import { type Pair, pairOf } from '../domain/pair.ts'
import type { PersonFacts } from '../domain/standing.ts'
import { presentConversation } from '../presenters/conversation.ts'
import { presentMessage } from '../presenters/message.ts'
import type { OutboxRow } from '../store/outbox.ts'
import type { EventFor } from './events.ts'
import type { Hub } from './hub.ts'
import type { Order } from './order.ts'
import type { Resets } from './resets.ts'
import { type Change, keyOf } from './teller.ts'

/** Sends of this server's that have just been stored, in the order of each conversation: streams here hear of them at once. */
export function tellOfSends(
  sends: readonly StoredSend[],
  hub: Hub,
  order: Order<Change>,
  resets: Pick<Resets, 'since'>,
): void {
  const counts = new Map<string, number>()
  for (const stored of sends) {
    const { senderKey, recipientKey } = stored.send
    const wanted =
      (hub.has(senderKey) || hub.has(recipientKey)) && !resets.since(stored.send.communityKey, stored.readAt)
    const change = changeOfSend(stored, wanted, (key) => {
      const inBatch = (counts.get(key) ?? 0) + 1
      counts.set(key, inBatch)
      return inBatch
    })
    order.offer(change)
  }
}

/**
 * The change that a send of this server's has made, with its events where they are known without asking the database: as long as
 * nothing else has changed the conversation between the reading of the facts and the write. A membership that ended, a block, a
 * name or a message from elsewhere in between have all counted as changes of the conversation, if it had messages: what would be its
 * first one is read once more. What changes a community as a whole counts nowhere: streams are told to start over, and what was read
 * before that is read once more.
 * @param wanted whether anybody here gets the events as they were judged; otherwise they are not made
 * @param countInBatch how many messages of the conversation the batch has stored, this one with them
 */
function changeOfSend(stored: StoredSend, wanted: boolean, countInBatch: (key: string) => number): Change {
  const { facts, send, written } = stored
  const { senderKey, recipientKey, communityKey } = send
  const row: OutboxRow = {
    kind: 'message.created',
    communityKey,
    lowKey: Math.min(senderKey, recipientKey),
    highKey: Math.max(senderKey, recipientKey),
    messageId: send.messageId,
    position: written.position,
    userKey: recipientKey,
    conversationId: written.conversationId,
    change: written.change,
    changedAt: written.changedAt,
    previousAt: written.previousAt,
  }
  const { change, changedAt, previousAt } = written
  const key = keyOf(row)
  const before = change - countInBatch(key)
  const asJudged = facts.lastMessageId !== null && before === facts.changes
  const events = wanted && asJudged ? eventsOf(stored, row) : null
  return { key, change, changedAt, previousAt, row, events }
}

function eventsOf(
  { communityId, facts, send, written }: StoredSend,
  { lowKey }: OutboxRow,
): [EventFor, EventFor] {
  const { caller, other } = pairOf(facts) as Pair & { other: PersonFacts }
  const sender = { id: facts.callerId, username: facts.callerUsername, avatar_url: facts.callerAvatarUrl }
  const recipient = { id: facts.otherId, username: facts.otherUsername, avatar_url: facts.otherAvatarUrl }
  const message = presentMessage({
    id: send.messageId,
    content: send.content,
    createdAt: written.createdAt,
    senderId: sender.id,
    senderUsername: sender.username,
    senderAvatarUrl: sender.avatar_url,
    senderErasedAt: null,
    recipientId: recipient.id,
    recipientUsername: recipient.username,
    recipientAvatarUrl: recipient.avatar_url,
  })
  const eventOf = (mine: [User, PersonFacts], theirs: [User, PersonFacts]): EventFor => {
    const read = mine[1].key === lowKey ? written.lowRead : written.highRead
    const conversation = presentConversation({
      id: written.conversationId,
      // In a batch with an answer of theirs the mark is beyond this message already: the answer's own event follows.
      unread: Math.max(0, written.position - read),
      latest: {
        id: send.messageId,
        content: send.content,
        createdAt: written.createdAt,
        sentByCaller: mine[1] === caller,
      },
      caller: { user: mine[0], facts: mine[1] },
      other: { user: theirs[0], facts: theirs[1] },
    })
    const data = {
      community_id: communityId,
      conversation,
      message,
      position: written.position,
      order: written.changedAt,
    }
    return { event: 'message.created', data }
  }
  const [own, theirs] = [
    eventOf([sender, caller], [recipient, other]),
    eventOf([recipient, other], [sender, caller]),
  ]
  return caller.key === lowKey ? [own, theirs] : [theirs, own]
}
