import { createIdMaker } from './actions/message-ids.ts'
import type { SendMessage } from './actions/send-message.ts'
import { upsertCommunity } from './actions/upsert-community.ts'
import { putMember } from './actions/upsert-member.ts'
import { putUser } from './actions/upsert-user.ts'
import { Refused } from './domain/refusal.ts'
import { communityKey } from './store/communities.ts'
import type { Db } from './store/db.ts'
import { findMember } from './store/members.ts'
import { findUser } from './store/users.ts'

/** Who to open the trial as. */
export interface Demo {
  readonly communityId: string
  readonly creatorId: string
  readonly memberId: string
}

const DEMO: Demo = { communityId: 'whisky-club', creatorId: 'ada', memberId: 'robin' }

const PEOPLE = [
  ['ada', 'ada', 'Ada Glen'],
  ['robin', 'whisky_lover', 'Robin Cask'],
  ['kim', 'peat_and_smoke', 'Kim Islay'],
  ['noor', 'first_dram', 'Noor Malt'],
] as const

const TALK = [
  ['robin', 'ada', 'Hello Ada! Is the Friday tasting still on?'],
  ['ada', 'robin', 'It is. Seven o’clock, four drams, one of them a surprise.'],
  ['robin', 'ada', 'Wonderful, count me in 🥃'],
  ['ada', 'kim', 'Welcome to the club, Kim! Tell me what you like and I’ll pick a bottle for you.'],
  ['kim', 'ada', 'Smoke. The more the better.'],
  ['noor', 'ada', 'I’m new to all this. Where should I start?'],
] as const

/**
 * Makes the trial's community with people and conversations (CONTRACT §8). What is there is left as it is, so that a start
 * that was killed half way is finished by the next one.
 */
export async function makeDemo(db: Db, sendMessage: SendMessage): Promise<Demo> {
  for (const [id, username, name] of PEOPLE) {
    const nothing = { email: null, avatarUrl: null, timeZone: null, settings: {} }
    if (!(await findUser(db, id))) await putUser(db, { id, username, name, ...nothing })
  }
  const { communityId, creatorId } = DEMO
  if ((await communityKey(db, communityId)) === null) {
    await upsertCommunity(db, { id: communityId, name: 'The Whisky Club', creatorId })
  }
  const ids = createIdMaker()
  const key = (await communityKey(db, communityId)) as number
  for (const [userId] of PEOPLE.slice(1)) {
    if (await findMember(db, key, userId, false)) continue
    await putMember(db, ids, { communityId, userId, status: 'active', joinedAt: null, tier: undefined })
  }
  for (const [i, [callerId, recipientId, content]] of TALK.entries()) {
    await sendMessage({
      callerId,
      recipientId,
      content,
      communityId,
      faults: [],
      idempotencyKey: `demo-${i}`,
    }).catch(pass)
  }
  return DEMO
}

/** Deleted, blocked or ended by whoever tries the trial: not ours to mend. */
function pass(error: unknown): void {
  if (!(error instanceof Refused)) throw error
}
