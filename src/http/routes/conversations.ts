import type { FastifyInstance } from 'fastify'
import { ConversationList, ConversationQuery } from '../../../contract/messages.ts'
import type { ListConversations } from '../../actions/list-conversations.ts'
import { standpointOf } from '../../domain/pair.ts'
import { Refused } from '../../domain/refusal.ts'
import { standingOf } from '../../domain/standing.ts'
import { filterConversations } from '../../store/conversations.ts'
import type { Db } from '../../store/db.ts'
import { factsOfCaller } from '../../store/members.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { pagingOf } from '../paging.ts'
import { hostId } from '../path.ts'
import { presentConversations } from '../presenters.ts'

const listOperation = operation({
  tag: 'Messages',
  summary: "List the caller's conversations",
  description: 'Newest message first. Those with a blocked participant are left out.',
  params: { community_id: "The community's id" },
  query: ConversationQuery,
  answers: { 200: ConversationList },
  refusals: ['not_found', 'not_a_member'],
})

/** The conversation list: CONTRACT §3. */
export function conversationRoutes(
  app: FastifyInstance,
  deps: { db: Db; listConversations: ListConversations },
): void {
  app.get<{ Params: { community_id: string }; Querystring: ConversationQuery }>(
    '/api/v1/communities/:community_id/messages/conversations',
    listOperation,
    async (request) => {
      const { query, callerId } = request
      const communityId = hostId(request.params.community_id)
      const faults = faultsOf(request)
      if (faults.length > 0) {
        standpointOf(await factsOfCaller(deps.db, callerId, communityId))
        throw new Refused('invalid', faults)
      }
      const paging = pagingOf(query)
      const asked = { callerId, communityId, limit: paging.limit, offset: paging.offset }
      const { filter = null } = query
      const q = query.q || null
      const plain = filter === null && q === null
      const facts = plain
        ? await deps.listConversations(asked)
        : await filterConversations(deps.db, asked, filter, q)
      const { caller } = standpointOf(facts)
      if (standingOf(caller) === 'stranger') throw new Refused('not_a_member')
      return presentConversations(facts, caller, paging)
    },
  )
}
