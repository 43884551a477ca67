import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BlockBody, Member } from '../../../contract/communities.ts'
import {
  CommunityBody,
  MemberBody,
  ServiceCommunity,
  ServiceUser,
  TOKEN_SECONDS_DEFAULT,
  TokenAnswer,
  TokenBody,
  UserBody,
} from '../../../contract/service.ts'
import { blockMember, unblockMember } from '../../actions/block-member.ts'
import { erasePerson } from '../../actions/erase-user.ts'
import type { IdMaker } from '../../actions/message-ids.ts'
import { upsertCommunity } from '../../actions/upsert-community.ts'
import { putMember } from '../../actions/upsert-member.ts'
import { putUser } from '../../actions/upsert-user.ts'
import { Refused } from '../../domain/refusal.ts'
import { communityKey } from '../../store/communities.ts'
import type { Db } from '../../store/db.ts'
import { findMember, type MemberRow } from '../../store/members.ts'
import { findUser } from '../../store/users.ts'
import type { SignedToken } from '../../tokens/sign.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { hostId, judgeHostId } from '../path.ts'
import { presentMember, presentServiceUser } from '../presenters.ts'

const tag = 'Service'
const communityParam = { id: "The community's id" }
const memberParams = { ...communityParam, user_id: "The user's id" }

const operations = {
  putUser: operation({
    tag,
    summary: 'Tell of a user',
    params: { id: "The user's id" },
    body: UserBody,
    answers: { 200: ServiceUser, 201: ServiceUser },
  }),
  eraseUser: operation({
    tag,
    summary: 'Erase a person',
    description:
      'Removes name, address, picture and all texts. The messages keep their places in the other’s thread.',
    params: { id: "The user's id" },
    answers: { 204: { type: 'null', description: 'Erased' } },
    refusals: ['not_found'],
  }),
  putCommunity: operation({
    tag,
    summary: 'Tell of a community',
    params: communityParam,
    body: CommunityBody,
    answers: { 200: ServiceCommunity, 201: ServiceCommunity },
  }),
  putMember: operation({
    tag,
    summary: 'Tell of a membership',
    params: memberParams,
    body: MemberBody,
    answers: { 200: Member, 201: Member },
    refusals: ['not_found'],
  }),
  block: operation({
    tag,
    summary: 'Block a member',
    params: memberParams,
    body: BlockBody,
    bodyOptional: true,
    answers: { 200: Member },
    refusals: ['not_found', 'already_blocked', 'creator_cannot_be_blocked'],
  }),
  unblock: operation({
    tag,
    summary: 'Unblock a member',
    params: memberParams,
    answers: { 200: Member },
    refusals: ['not_found', 'not_blocked'],
  }),
  token: operation({
    tag,
    summary: 'Make a token for a user',
    description: 'For hosts that sign none of their own.',
    body: TokenBody,
    answers: { 200: TokenAnswer },
  }),
}

type Id = { Params: { id: string } }
type MemberPath = { Params: { id: string; user_id: string } }

export interface ServiceDeps {
  readonly db: Db
  readonly ids: IdMaker
  readonly sign: (userId: string, expiresIn: number) => SignedToken
}

/** The host platform's side: CONTRACT §7. The import and the export stand in transfer.ts. */
export function serviceRoutes(app: FastifyInstance, deps: ServiceDeps): void {
  userRoutes(app, deps)
  membershipRoutes(app, deps)
}

function refuseFaults(request: FastifyRequest, ...more: readonly string[]): void {
  const faults = [...more, ...faultsOf(request)]
  if (faults.length > 0) throw new Refused('invalid', faults)
}

function userRoutes(app: FastifyInstance, { db, sign }: ServiceDeps): void {
  app.put<Id & { Body: UserBody }>('/service/v1/users/:id', operations.putUser, async (request, reply) => {
    const { id } = request.params
    refuseFaults(request, ...judgeHostId(id, 'user'))
    const { username, name, email, avatar_url, time_zone, settings = {} } = request.body
    const switches = Object.entries(settings).filter(
      ([key]) => key === 'messages.email' || key === 'messages.push',
    )
    const change = { id, username, name, email, avatarUrl: avatar_url, timeZone: time_zone }
    const user = await putUser(db, { ...change, settings: Object.fromEntries(switches) })
    void reply.code(user.created ? 201 : 200)
    return presentServiceUser(user)
  })

  app.delete<Id>('/service/v1/users/:id', operations.eraseUser, async (request, reply) => {
    await erasePerson(db, hostId(request.params.id))
    return reply.code(204).send()
  })

  app.post<{ Body: TokenBody }>('/service/v1/tokens', operations.token, async (request) => {
    refuseFaults(request)
    const user = await findUser(db, request.body.user_id)
    if (!user || user.erasedAt !== null) throw new Refused('invalid', ['User must exist'])
    return sign(user.id, request.body.expires_in ?? TOKEN_SECONDS_DEFAULT)
  })
}

function membershipRoutes(app: FastifyInstance, { db, ids }: ServiceDeps): void {
  const membership = async (params: {
    id: string
    user_id: string
  }): Promise<{ key: number; member: MemberRow }> => {
    const key = await communityKey(db, hostId(params.id))
    const member = key === null ? null : await findMember(db, key, hostId(params.user_id), false)
    if (key === null || member === null) throw new Refused('not_found')
    return { key, member }
  }

  app.put<Id & { Body: CommunityBody }>(
    '/service/v1/communities/:id',
    operations.putCommunity,
    async (request, reply) => {
      const { id } = request.params
      refuseFaults(request, ...judgeHostId(id, 'community'))
      const { name, creator_id } = request.body
      const created = await upsertCommunity(db, { id, name, creatorId: creator_id })
      void reply.code(created ? 201 : 200)
      return { id, name, creator_id }
    },
  )

  app.put<MemberPath & { Body: MemberBody }>(
    '/service/v1/communities/:id/members/:user_id',
    operations.putMember,
    async (request, reply) => {
      refuseFaults(request)
      const { params, body } = request
      const change = { communityId: hostId(params.id), userId: hostId(params.user_id), status: body.status }
      const { created, member } = await putMember(db, ids, {
        ...change,
        joinedAt: body.joined_at ?? null,
        tier: body.tier,
      })
      void reply.code(created ? 201 : 200)
      return presentMember(member)
    },
  )

  app.post<MemberPath & { Body: BlockBody }>(
    '/service/v1/communities/:id/members/:user_id/block',
    operations.block,
    async (request) => {
      refuseFaults(request)
      const { key, member } = await membership(request.params)
      await blockMember(
        db,
        { communityKey: key, userKey: member.userKey, byKey: null },
        request.body.reason ?? null,
      )
      return presentMember((await membership(request.params)).member)
    },
  )

  app.post<MemberPath>(
    '/service/v1/communities/:id/members/:user_id/unblock',
    operations.unblock,
    async (request) => {
      const { key, member } = await membership(request.params)
      await unblockMember(db, { communityKey: key, userKey: member.userKey, byKey: null })
      return presentMember((await membership(request.params)).member)
    },
  )
}
