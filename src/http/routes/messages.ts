import type { FastifyInstance } from 'fastify'
import { Problem } from '../../../contract/common.ts'
import {
  IdempotencyHeaders,
  Message,
  MessageList,
  ReadAnswer,
  ReadBody,
  ReadMarks,
  SendBody,
  ThreadQuery,
} from '../../../contract/messages.ts'
import { deleteMessage } from '../../actions/delete-message.ts'
import { markRead } from '../../actions/mark-read.ts'
import type { SendMessage } from '../../actions/send-message.ts'
import { pairOf } from '../../domain/pair.ts'
import { Refused } from '../../domain/refusal.ts'
import { mayRead } from '../../domain/standing.ts'
import { presentMessage } from '../../presenters/message.ts'
import type { Db } from '../../store/db.ts'
import { readMarks, readThread } from '../../store/threads.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { hostId, uuidOrNull } from '../path.ts'
import { presentThread } from '../presenters.ts'
import { moreInSpan, spanOf } from '../span.ts'

const params = { community_id: "The community's id" }
const withUser = { ...params, user_id: "The other user's id" }

const sendOperation = operation({
  tag: 'Messages',
  summary: 'Send a message',
  description: 'Durable when it is answered. With an `Idempotency-Key` a retry is safe, for good.',
  params,
  headers: IdempotencyHeaders,
  body: SendBody,
  answers: { 201: Message },
  refusals: ['not_found', 'cannot_send', 'key_used_for_another', 'sent_then_deleted'],
})

const readThreadOperation = operation({
  tag: 'Messages',
  summary: 'Read the thread with a user',
  description:
    'Oldest first. `before` and `after` give the page nearest to a message, and `has_more` tells of that direction.',
  params: withUser,
  query: ThreadQuery,
  answers: { 200: MessageList },
  refusals: ['not_found', 'cannot_view'],
})

const readMarksOperation = operation({
  tag: 'Messages',
  summary: 'How far both have read the thread',
  params: withUser,
  answers: { 200: ReadMarks },
  refusals: ['not_found', 'cannot_view'],
})

const markReadOperation = operation({
  tag: 'Messages',
  summary: 'Mark the thread read up to and with a message',
  params: withUser,
  body: ReadBody,
  answers: { 200: ReadAnswer },
  refusals: ['not_found', 'cannot_view'],
})

const deleteOperation = operation({
  tag: 'Messages',
  summary: 'Delete the last message of a conversation',
  params: { ...params, id: "The message's id" },
  answers: { 200: { ...Problem, examples: [{ message: 'Message deleted successfully' }] } },
  refusals: ['not_found', 'no_access_to_message', 'not_your_message', 'not_the_last_message'],
})

/** Reading, sending, deleting and marking messages: CONTRACT §3. */
export function messageRoutes(
  app: FastifyInstance,
  { db, sendMessage }: { db: Db; sendMessage: SendMessage },
): void {
  const base = '/api/v1/communities/:community_id/messages'

  app.post<{ Params: { community_id: string }; Body: SendBody }>(
    base,
    sendOperation,
    async (request, reply) => {
      const { body, params, callerId } = request
      const idempotencyKey = request.headers['idempotency-key']
      const { message, replayed } = await sendMessage({
        callerId,
        communityId: hostId(params.community_id),
        recipientId: typeof body.recipient_id === 'string' ? hostId(body.recipient_id) : null,
        content: body.content,
        idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : null,
        faults: faultsOf(request),
      })
      if (replayed) void reply.header('idempotent-replayed', 'true')
      void reply.code(201)
      return presentMessage(message)
    },
  )

  app.get<{ Params: { community_id: string; user_id: string }; Querystring: ThreadQuery }>(
    `${base}/:user_id`,
    readThreadOperation,
    async (request) => {
      const { params, query, callerId } = request
      const [communityId, otherId] = [hostId(params.community_id), hostId(params.user_id)]
      const { span, limit, faults } = spanOf(query, faultsOf(request))
      const facts = await readThread(db, { callerId, communityId, otherId, limit, span })
      const { caller, other } = pairOf(facts)
      if (faults.length > 0) throw new Refused('invalid', faults)
      if (!other || !mayRead(caller, other, facts.total > 0)) throw new Refused('cannot_view')
      if (facts.first === null && 'messageId' in span)
        throw new Refused('invalid', [`${label(span.kind)} is not in this thread`])
      return presentThread(facts, moreInSpan(span, facts))
    },
  )

  app.get<{ Params: { community_id: string; user_id: string } }>(
    `${base}/:user_id/read`,
    readMarksOperation,
    async ({ params, callerId }) => {
      const [communityId, otherId] = [hostId(params.community_id), hostId(params.user_id)]
      const facts = await readMarks(db, { callerId, communityId, otherId })
      const { caller, other } = pairOf(facts)
      if (!other || !mayRead(caller, other, facts.total > 0)) throw new Refused('cannot_view')
      return {
        unread_count: facts.total - facts.mine,
        ...{ message_id: facts.myId, position: facts.mine },
        ...{ other_message_id: facts.othersId, other_position: facts.others },
      }
    },
  )

  app.post<{ Params: { community_id: string; user_id: string }; Body: ReadBody }>(
    `${base}/:user_id/read`,
    markReadOperation,
    async (request) => {
      const { params, callerId } = request
      const faults = faultsOf(request)
      const messageId = faults.length > 0 ? null : uuidOrNull(request.body.message_id)
      const [communityId, otherId] = [hostId(params.community_id), hostId(params.user_id)]
      return { unread_count: await markRead(db, { callerId, communityId, otherId, messageId }, faults) }
    },
  )

  app.delete<{ Params: { community_id: string; id: string } }>(
    `${base}/:id`,
    deleteOperation,
    async (request) => {
      const { params, callerId } = request
      await deleteMessage(db, {
        callerId,
        communityId: hostId(params.community_id),
        messageId: uuidOrNull(params.id),
      })
      return { message: 'Message deleted successfully' }
    },
  )
}

const label = (kind: 'before' | 'after') => (kind === 'before' ? 'Before' : 'After')
