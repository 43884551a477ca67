import type { ContractSnug, SentMessage } from './client.ts'

// The cast of the matrix (CONTRACT §2), and what has happened between them. Kept beside the calls that make it so, never
// read back from the server: the oracle must not learn from what it judges.

export type Status = 'active' | 'trialing' | 'past_due' | 'canceled' | 'unpaid' | 'incomplete'

export interface Figure {
  readonly id: string
  /** The host told of them. */
  readonly told: boolean
  isCreator: boolean
  wasCreator: boolean
  status: Status | null
  blocked: boolean
  erased: boolean
}

export interface World {
  readonly communityId: string
  readonly figures: readonly Figure[]
  /** Everything said, in order. */
  readonly spoken: readonly SentMessage[]
}

const MEMBERS = ['active', 'trialing', 'past_due', 'canceled', 'unpaid', 'incomplete'] as const
const OLD_CREATORS = ['old', 'old-rejoined', 'old-ended', 'old-blocked', 'old-erased', 'old-silent'] as const
const BYSTANDERS = ['stranger', 'elsewhere'] as const

/**
 * Makes a community that has changed hands six times.
 * @param talk whether every creator and their members have written to each other
 * @param creatorWasMember whether the present creator was a member before
 */
export async function makeWorld(
  snug: ContractSnug,
  communityId: string,
  { talk, creatorWasMember }: { talk: boolean; creatorWasMember: boolean },
): Promise<World> {
  const figures = new Map<string, Figure>()
  const add = (name: string, is: Partial<Figure> = {}) =>
    figures.set(name, {
      ...{ id: `${communityId}-${name}`, told: true, isCreator: false, wasCreator: false, status: null },
      ...{ blocked: false, erased: false, ...is },
    })
  for (const name of MEMBERS) add(name)
  for (const name of ['blocked', 'blocked-later', 'erased', 'erased-blocked', 'creator']) add(name)
  for (const name of [...OLD_CREATORS, ...BYSTANDERS]) add(name)
  add('never-told', { told: false })
  const figure = (name: string) => figures.get(name) as Figure
  const tellOf = [...figures.values()].filter((one) => one.told).map((one) => one.id)
  await snug.users(...tellOf)

  const spoken: SentMessage[] = []
  const setMember = async (name: string, status: Status) => {
    figure(name).status = status
    await snug.member(communityId, figure(name).id, status)
  }
  const handTo = async (name: string) => {
    for (const one of figures.values()) {
      one.wasCreator ||= one.isCreator
      one.isCreator = false
    }
    Object.assign(figure(name), { isCreator: true, wasCreator: false })
    await snug.community(communityId, figure(name).id)
  }
  const members = [...MEMBERS, 'blocked', 'blocked-later', 'erased', 'erased-blocked', 'old-ended']
  const talkWithAll = async (creator: string) => {
    const say = async (from: string, to: string, n: number) =>
      spoken.push(await snug.send(communityId, figure(from).id, figure(to).id, `${from} to ${to}, ${n}`))
    for (const name of creatorWasMember ? [...members, 'creator'] : members) {
      if (name === creator) continue
      await say(creator, name, 1)
      await say(name, creator, 2)
      // So that both sides have something unread somewhere.
      if (spoken.length % 3 === 0) await say(creator, name, 3)
    }
  }

  await handTo('old')
  for (const name of creatorWasMember ? [...members, 'creator'] : members) await setMember(name, 'active')
  for (const name of OLD_CREATORS) {
    await handTo(name)
    if (talk && name !== 'old-silent') await talkWithAll(name)
  }
  await handTo('creator')
  if (talk) await talkWithAll('creator')
  await settleStandings(snug, communityId, figure, setMember)
  return { communityId, figures: [...figures.values()], spoken }
}

/** Everybody becomes what they are called. */
async function settleStandings(
  snug: ContractSnug,
  communityId: string,
  figure: (name: string) => Figure,
  setMember: (name: string, status: Status) => Promise<void>,
): Promise<void> {
  for (const name of MEMBERS) await setMember(name, name)
  await setMember('old-rejoined', 'active')
  await setMember('old-ended', 'canceled')
  await setMember('old-blocked', 'active')
  // A block stays when the host tells of the member again.
  for (const name of ['blocked', 'blocked-later', 'erased-blocked', 'old-blocked']) {
    await snug.block(communityId, figure(name).id)
    Object.assign(figure(name), { blocked: true, status: 'canceled' })
  }
  await setMember('blocked-later', 'active')
  for (const name of ['erased', 'erased-blocked', 'old-erased']) {
    await snug.erase(figure(name).id)
    Object.assign(figure(name), { erased: true, status: figure(name).status && 'canceled' })
  }
  await snug.users(`${communityId}-elsewhere-creator`)
  await snug.community(`${communityId}-elsewhere`, `${communityId}-elsewhere-creator`)
  await snug.member(`${communityId}-elsewhere`, figure('elsewhere').id)
}

/** Makes a community whose creator has been erased, with a member of each sort that has written to them. */
export async function makeOrphanedWorld(snug: ContractSnug, communityId: string): Promise<World> {
  const sorts: [string, Status, boolean][] = [
    ['active', 'active', false],
    ['canceled', 'canceled', false],
    ['blocked', 'canceled', true],
  ]
  const base = {
    told: true,
    isCreator: false,
    wasCreator: false,
    status: null,
    blocked: false,
    erased: false,
  }
  const creator: Figure = { ...base, id: `${communityId}-creator`, isCreator: true }
  const members = sorts.map(([name, status, blocked]): Figure => {
    return { ...base, id: `${communityId}-${name}`, status, blocked }
  })
  const stranger: Figure = { ...base, id: `${communityId}-stranger` }
  await snug.users(creator.id, stranger.id, ...members.map((one) => one.id))
  await snug.community(communityId, creator.id)
  const spoken: SentMessage[] = []
  for (const one of members) {
    await snug.member(communityId, one.id)
    spoken.push(await snug.send(communityId, one.id, creator.id, 'from the member'))
    spoken.push(await snug.send(communityId, creator.id, one.id, 'from the creator'))
  }
  for (const one of members) {
    await snug.member(communityId, one.id, one.status as Status)
    if (one.blocked) await snug.block(communityId, one.id)
  }
  await snug.erase(creator.id)
  creator.erased = true
  return { communityId, figures: [creator, ...members, stranger], spoken }
}
