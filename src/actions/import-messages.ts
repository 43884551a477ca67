import { mayHaveWritten } from '../domain/history.ts'
import type { Queryable } from '../store/db.ts'
import {
  factsOfPeople,
  type ImportPersonFacts,
  knownMessages,
  writeStacks,
} from '../store/import-messages.ts'
import { lockCommunities } from '../store/transfer.ts'
import type { MessageEntry } from './import-read.ts'
import { type PlacedMessage, stacksOf } from './import-stacks.ts'
import type { Outcome } from './import-tally.ts'
import type { IdMaker } from './message-ids.ts'

const NOT_A_PAIR = "Sender and recipient must be the community's creator and a member"

/**
 * Stores messages on top of their conversations, in the order of their lines. Those whose ids are there already are passed
 * over. Nobody is notified: no outbox rows.
 */
export async function importMessages(
  tx: Queryable,
  entries: readonly MessageEntry[],
  ids: IdMaker,
): Promise<Outcome> {
  const communities = await lockCommunities(
    tx,
    entries.map(({ line }) => line.community_id),
  )
  const keyOf = (entry: MessageEntry) => communities.get(entry.line.community_id)?.key
  const located = entries.flatMap((entry) => {
    const communityKey = keyOf(entry)
    return communityKey === undefined ? [] : [{ entry, communityKey, id: entry.id }]
  })
  const known = await knownMessages(tx, located)
  const fresh = located.filter((_, i) => !known.has(i))
  const people = await peopleOf(tx, fresh)
  const outcome: Outcome = {
    counts: {},
    refused: entries
      .filter((entry) => keyOf(entry) === undefined)
      .map(({ number }) => ({ line: number, message: 'Community must exist' })),
  }
  const taken = new Set<string>()
  const placed: PlacedMessage[] = []
  for (const { entry, communityKey } of fresh) {
    const name = `${communityKey} ${entry.id}`
    if (taken.has(name)) continue
    const { sender_id, recipient_id } = entry.line
    const verdict = place(
      entry,
      communityKey,
      people.get(`${communityKey} ${sender_id}`),
      people.get(`${communityKey} ${recipient_id}`),
    )
    if (typeof verdict === 'string') outcome.refused.push({ line: entry.number, message: verdict })
    else {
      taken.add(name)
      placed.push(verdict)
    }
  }
  if (placed.length === 0) return outcome
  outcome.counts.messages = placed.length
  outcome.counts.conversations = await writeStacks(
    tx,
    stacksOf(placed, () => ids.next(Date.now())),
  )
  return outcome
}

async function peopleOf(
  tx: Queryable,
  located: readonly { entry: MessageEntry; communityKey: number }[],
): Promise<ReadonlyMap<string, ImportPersonFacts | undefined>> {
  const asked = new Map<string, { communityKey: number; userId: string }>()
  for (const { entry, communityKey } of located) {
    for (const userId of [entry.line.sender_id, entry.line.recipient_id])
      asked.set(`${communityKey} ${userId}`, { communityKey, userId })
  }
  const facts = await factsOfPeople(tx, [...asked.values()])
  return new Map([...asked.keys()].map((name, i) => [name, facts[i]]))
}

/** @returns the message as it is to be stored, or what is wrong with it */
function place(
  entry: MessageEntry,
  communityKey: number,
  sender: ImportPersonFacts | undefined,
  recipient: ImportPersonFacts | undefined,
): PlacedMessage | string {
  const faults = [...(sender ? [] : ['Sender must exist']), ...(recipient ? [] : ['Recipient must exist'])]
  const { content, erased } = entry.line
  if (content === '' && !erased && !sender?.erased) faults.push("Content can't be blank")
  if (!sender || !recipient || faults.length > 0) return faults.join(', ')
  if (!mayHaveWritten(sender, recipient)) return NOT_A_PAIR
  // The text of somebody erased does not come back: the message keeps its place, as erasure leaves it.
  return {
    entry,
    communityKey,
    senderKey: sender.key,
    recipientKey: recipient.key,
    content: sender.erased ? '' : content,
  }
}
