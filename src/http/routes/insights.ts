import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Insights, InsightsQuery } from '../../../contract/insights.ts'
import { AGES, type Period, periodsUntil } from '../../domain/insights.ts'
import { standpointOf } from '../../domain/pair.ts'
import { Refused } from '../../domain/refusal.ts'
import { presentInsights } from '../../presenters/insights.ts'
import { creatorOf } from '../../store/communities.ts'
import type { Db } from '../../store/db.ts'
import { awaitingByAge, messagesByPeriod, repliesByPeriod } from '../../store/insights.ts'
import { factsOfCaller } from '../../store/members.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { hostId } from '../path.ts'

const description =
  'Of the conversations on the list: messages a day, the median time to reply by week, and how long conversations have waited for a reply.'

const ownOperation = operation({
  tag: 'Communities',
  summary: "How the creator's conversations go",
  description: `For the creator only. ${description}`,
  params: { community_id: "The community's id" },
  query: InsightsQuery,
  answers: { 200: Insights },
  refusals: ['not_found', 'not_for_insights'],
})
const hostOperation = operation({
  tag: 'Service',
  summary: "How a creator's conversations go",
  description,
  params: { id: "The community's id" },
  query: InsightsQuery,
  answers: { 200: Insights },
  refusals: ['not_found'],
})

interface Deps {
  readonly db: Db
}

/** A creator's figures, for themself. */
export function insightsRoutes(app: FastifyInstance, { db }: Deps): void {
  app.get<{ Params: { community_id: string }; Querystring: InsightsQuery }>(
    '/api/v1/communities/:community_id/insights',
    ownOperation,
    async (request) => {
      const { callerId, params } = request
      const facts = await factsOfCaller(db, callerId, hostId(params.community_id))
      const { communityKey, caller } = standpointOf(facts)
      const timeZone = timeZoneOf(request)
      if (!caller.isCreator) throw new Refused('not_for_insights')
      return insightsOf(db, communityKey, caller.key, timeZone)
    },
  )
}

/** The same for the host platform. */
export function hostInsightsRoutes(app: FastifyInstance, { db }: Deps): void {
  app.get<{ Params: { id: string }; Querystring: InsightsQuery }>(
    '/service/v1/communities/:id/insights',
    hostOperation,
    async (request) => {
      const timeZone = timeZoneOf(request)
      const community = await creatorOf(db, hostId(request.params.id))
      if (!community) throw new Refused('not_found')
      return insightsOf(db, community.key, community.creatorKey, timeZone)
    },
  )
}

/** @throws {Refused} `invalid` */
function timeZoneOf(request: FastifyRequest<{ Querystring: InsightsQuery }>): string {
  const faults = faultsOf(request)
  if (faults.length > 0) throw new Refused('invalid', faults)
  return request.query.time_zone ?? 'UTC'
}

async function insightsOf(
  db: Db,
  communityKey: number,
  creatorKey: number,
  timeZone: string,
): Promise<Insights> {
  const of = { communityKey, creatorKey }
  const periods = periodsUntil(Date.now(), timeZone)
  const timeOf = (some: readonly Period[]) => ({ periods: some.map(({ from }) => from), from: periods.from })
  // One after the other: whoever looks at figures must not take three connections from those who write.
  const messages = await messagesByPeriod(db, of, timeOf(periods.days))
  const replies = await repliesByPeriod(db, of, timeOf(periods.weeks))
  return presentInsights(periods, messages, replies, await awaitingByAge(db, of, AGES))
}
