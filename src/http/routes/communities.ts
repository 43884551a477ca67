import type { FastifyInstance } from 'fastify'
import { CommunityList, CommunityQuery } from '../../../contract/communities.ts'
import { Refused } from '../../domain/refusal.ts'
import { communitiesOfUser, countCommunitiesOfUser } from '../../store/communities.ts'
import type { Db } from '../../store/db.ts'
import { findUser } from '../../store/users.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { hasMore, pagingOf } from '../paging.ts'
import { presentCommunity } from '../presenters.ts'

const listOperation = operation({
  tag: 'Communities',
  summary: "List the caller's communities",
  description:
    'As creator, member or former member, with the unread messages of each. Those that block the caller are left out.',
  query: CommunityQuery,
  answers: { 200: CommunityList },
})

/** The caller's own communities: CONTRACT §4. */
export function communityRoutes(app: FastifyInstance, { db }: { db: Db }): void {
  app.get<{ Querystring: CommunityQuery }>('/api/v1/communities', listOperation, async (request) => {
    const user = await findUser(db, request.callerId)
    if (!user || user.erasedAt !== null) throw new Refused('unknown_user')
    const faults = faultsOf(request)
    if (faults.length > 0) throw new Refused('invalid', faults)
    const paging = pagingOf(request.query)
    const rows = await communitiesOfUser(db, user.key, paging.limit, paging.offset)
    const total = rows[0]?.total ?? (await countCommunitiesOfUser(db, user.key))
    return { total, has_more: hasMore(paging, total), data: rows.map(presentCommunity) }
  })
}
