import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BlockBody, Member, MemberList, MemberQuery } from '../../../contract/communities.ts'
import { blockMember, unblockMember } from '../../actions/block-member.ts'
import { standpointOf } from '../../domain/pair.ts'
import { Refused } from '../../domain/refusal.ts'
import type { Db } from '../../store/db.ts'
import {
  countMembers,
  factsOfCaller,
  findMember,
  findMembers,
  type MemberRow,
  searchMembers,
} from '../../store/members.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { hasMore, pagingOf } from '../paging.ts'
import { hostId, uuidOrNull } from '../path.ts'
import { presentMember } from '../presenters.ts'

const params = { community_id: "The community's id" }
const withId = { ...params, id: "The membership's id, or the user's" }
const tag = 'Members'

const listOperation = operation({
  tag,
  summary: 'List and search members',
  description: 'For the creator only. The newest first; the counts are of the whole community.',
  params,
  query: MemberQuery,
  answers: { 200: MemberList },
  refusals: ['not_found', 'not_the_creator'],
})
const readOperation = operation({
  tag,
  summary: 'Read a member',
  params: withId,
  answers: { 200: Member },
  refusals: ['not_found', 'not_the_creator'],
})
const blockOperation = operation({
  tag,
  summary: 'Block a member',
  description: 'Hides the conversation from both, at once. The membership becomes `canceled`.',
  params: withId,
  body: BlockBody,
  bodyOptional: true,
  answers: { 200: Member },
  refusals: ['not_found', 'not_the_creator', 'already_blocked', 'creator_cannot_be_blocked'],
})
const unblockOperation = operation({
  tag,
  summary: 'Unblock a member',
  description: 'Brings the conversation back as it was. The status stays as the block left it.',
  params: withId,
  answers: { 200: Member },
  refusals: ['not_found', 'not_the_creator', 'not_blocked'],
})

type Path = { Params: { community_id: string; id: string } }

/** Members, for the community's creator: CONTRACT §4. */
export function memberRoutes(app: FastifyInstance, { db }: { db: Db }): void {
  const base = '/api/v1/communities/:community_id/members'

  /** The creator who calls. Everything else is judged after that. */
  const creatorOf = async (request: FastifyRequest<{ Params: { community_id: string } }>) => {
    const { communityKey, caller } = standpointOf(
      await factsOfCaller(db, request.callerId, hostId(request.params.community_id)),
    )
    const faults = faultsOf(request)
    if (faults.length > 0) throw new Refused('invalid', faults)
    if (!caller.isCreator) throw new Refused('not_the_creator')
    return { communityKey, callerKey: caller.key }
  }
  const memberOf = async (communityKey: number, id: string): Promise<MemberRow> => {
    const member = await findMember(db, communityKey, hostId(id), uuidOrNull(id) !== null)
    if (!member) throw new Refused('not_found')
    return member
  }

  app.get<{ Params: { community_id: string }; Querystring: MemberQuery }>(
    base,
    listOperation,
    async (request) => {
      const { communityKey } = await creatorOf(request)
      const { query } = request
      const paging = pagingOf(query)
      const status = query.status === 'cancelled' ? 'canceled' : (query.status ?? null)
      const asked = { communityKey, status, limit: paging.limit, offset: paging.offset }
      const counts = await countMembers(db, communityKey)
      if (query.search) {
        const { total, rows } = await searchMembers(db, { ...asked, search: query.search })
        return { total, has_more: hasMore(paging, total), data: rows.map(presentMember), counts }
      }
      const rows = await findMembers(db, asked)
      const total = status ? counts[status] : counts.active + counts.canceled + counts.blocked
      return { total, has_more: hasMore(paging, total), data: rows.map(presentMember), counts }
    },
  )

  app.get<Path>(`${base}/:id`, readOperation, async (request) => {
    const { communityKey } = await creatorOf(request)
    return presentMember(await memberOf(communityKey, request.params.id))
  })

  app.post<Path & { Body: BlockBody }>(`${base}/:id/block`, blockOperation, async (request) => {
    const { communityKey, callerKey } = await creatorOf(request)
    const { userKey, id } = await memberOf(communityKey, request.params.id)
    await blockMember(db, { communityKey, userKey, byKey: callerKey }, request.body.reason ?? null)
    return presentMember(await memberOf(communityKey, id))
  })

  app.post<Path>(`${base}/:id/unblock`, unblockOperation, async (request) => {
    const { communityKey, callerKey } = await creatorOf(request)
    const { userKey, id } = await memberOf(communityKey, request.params.id)
    await unblockMember(db, { communityKey, userKey, byKey: callerKey })
    return presentMember(await memberOf(communityKey, id))
  })
}
