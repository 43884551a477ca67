import type { FastifyInstance } from 'fastify'
import { ConversationList, ConversationQuery } from '../../../contract/messages.ts'
import type { ListConversations } from '../../actions/list-conversations.ts'
import { standpointOf } from '../../domain/pair.ts'
import { Refused } from '../../domain/refusal.ts'
import { type PersonFacts, standingOf } from '../../domain/standing.ts'
import { filterConversations, type ListFacts } from '../../store/conversations.ts'
import type { Db } from '../../store/db.ts'
import { StoreUnavailable } from '../../store/errors.ts'
import { factsOfCaller } from '../../store/members.ts'
import { faultsOf } from '../faults.ts'
import type { ListCache } from '../list-cache.ts'
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

interface Deps {
  readonly db: Db
  readonly listConversations: ListConversations
  readonly listCache: ListCache
}

/** The conversation list: CONTRACT §3. */
export function conversationRoutes(app: FastifyInstance, { db, listConversations, listCache }: Deps): void {
  app.get<{ Params: { community_id: string }; Querystring: ConversationQuery }>(
    '/api/v1/communities/:community_id/messages/conversations',
    listOperation,
    async (request, reply) => {
      const { query, callerId } = request
      const communityId = hostId(request.params.community_id)
      const faults = faultsOf(request)
      if (faults.length > 0) {
        standpointOf(await factsOfCaller(db, callerId, communityId))
        throw new Refused('invalid', faults)
      }
      const paging = pagingOf(query)
      const { limit, offset } = paging
      const { filter = null } = query
      const q = query.q || null
      if (filter !== null || q !== null) {
        const facts = await filterConversations(
          db,
          { callerId, communityId, limit, offset, known: null },
          filter,
          q,
        )
        return presentConversations(facts, memberOf(facts), paging)
      }
      const key = `${callerId} ${communityId} ${limit} ${offset}`
      const cached = listCache.find(key)
      const known = cached?.version ?? null
      const facts = await listConversations({ callerId, communityId, limit, offset, known }).catch(
        (error) => {
          // A database that was away may come back as an older copy of itself, whose versions will be given again.
          if (error instanceof StoreUnavailable && error.lost) listCache.clear()
          throw error
        },
      )
      const caller = memberOf(facts)
      if (cached && facts.unchanged) return reply.type(JSON_TYPE).send(cached.body)
      const body = Buffer.from(reply.serialize(presentConversations(facts, caller, paging)) as string)
      listCache.keep(key, {
        version: { inbox: facts.inboxVersion, community: facts.communityVersion as number },
        body,
      })
      return reply.type(JSON_TYPE).send(body)
    },
  )
}

const JSON_TYPE = 'application/json; charset=utf-8'

/** The caller, who may see a list of the community. */
function memberOf(facts: ListFacts): PersonFacts {
  const { caller } = standpointOf(facts)
  if (standingOf(caller) === 'stranger') throw new Refused('not_a_member')
  return caller
}
