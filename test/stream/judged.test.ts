import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedFor, eventFor } from '../../src/realtime/events.ts'
import type { OutboxKind, OutboxRow } from '../../src/store/outbox.ts'
import type { StreamFacts, StreamMessage, StreamPerson } from '../../src/store/streams.ts'

// Changes are judged by what holds when they are told: between a change and its telling a block, an end or an erasure may have come.

const person = (key: number, is: Partial<StreamPerson> = {}): StreamPerson => ({
  key,
  id: `user-${key}`,
  username: `name of ${key}`,
  avatarUrl: null,
  erasedAt: null,
  erased: false,
  isCreator: false,
  wasCreator: false,
  status: null,
  blocked: false,
  ...is,
})

const message: StreamMessage = {
  id: '01a203e0-09e9-727d-8a69-7cce79def710',
  content: 'hello',
  createdAt: '2026-01-01 10:00:00.123456+00',
  position: 2,
  senderKey: 1,
}

function facts(
  low: Partial<StreamPerson>,
  high: Partial<StreamPerson>,
  conversation: Partial<StreamFacts['conversation']> = {},
): StreamFacts {
  return {
    communityId: 'club',
    low: person(1, low),
    high: person(2, high),
    conversation: {
      ...{ key: 9, id: '01a203e0-09e9-727d-8a69-7cce79def70f', total: 2, lowRead: 2, highRead: 0 },
      ...{ listed: true, blocked: false, activeAt: 1, changes: 2, ...conversation },
    },
    latest: message,
    message,
  }
}

const row = (kind: OutboxKind): OutboxRow => ({
  ...{ kind, communityKey: 7, lowKey: 1, highKey: 2, messageId: message.id, position: 2, userKey: 2 },
  ...{ conversationId: '01a203e0-09e9-727d-8a69-7cce79def70f', change: 2, changedAt: 2, previousAt: 1 },
})

const KINDS = [
  'message.created',
  'message.deleted',
  'conversation.read',
  'conversation.shown',
  'conversation.updated',
] as const
const CREATOR = { isCreator: true }
const MEMBER = { status: 'active' }

const told = (of: StreamFacts, viewer: number) =>
  KINDS.filter((kind) => eventFor(row(kind), of, viewer)?.event === kind)

test('both are told of everything while they may read', () => {
  const others: Partial<StreamPerson>[] = [MEMBER, { status: 'canceled' }, { status: 'active', erased: true }]
  for (const other of others) {
    const of = facts(CREATOR, other)
    assert.deepEqual(told(of, 1), KINDS)
    assert.deepEqual(told(of, 2), other.erased ? [] : KINDS)
  }
})

test('nobody is told of anything that a block hides by now, but that it does', () => {
  const of = facts(CREATOR, { status: 'canceled', blocked: true }, { blocked: true, listed: false })
  for (const viewer of [1, 2]) {
    assert.deepEqual(told(of, viewer), [])
    // Also by what a deletion tells: of a thread that it has left empty the block says nothing.
    for (const kind of ['conversation.hidden', 'message.deleted'] as const) {
      const event = eventFor(row(kind), of, viewer)
      assert.equal(event?.event, 'conversation.hidden')
      assert.deepEqual(event.data, {
        community_id: 'club',
        conversation_id: of.conversation.id,
        user_id: viewer === 1 ? 'user-2' : 'user-1',
      })
    }
    const changed = changedFor(of, viewer, 'conversation.changed')?.data
    assert.partialDeepStrictEqual(changed, { conversation: null, total: 0 })
  }
})

test('a conversation that is marked as hidden is, whatever the memberships say meanwhile', () => {
  const of = facts(CREATOR, MEMBER, { blocked: true, listed: false })
  assert.deepEqual([told(of, 1), told(of, 2)], [[], []])
})

test('a stranger by now, and somebody between whom and the other nothing is left, are told of no message', () => {
  assert.deepEqual(told(facts(CREATOR, {}), 2), [])
  const empty = facts({ wasCreator: true }, MEMBER, { total: 0, listed: false })
  assert.deepEqual(told(empty, 2), ['message.deleted', 'conversation.shown', 'conversation.updated'])
  assert.equal(eventFor(row('message.created'), { ...empty, message: null, latest: null }, 2), null)
})

test('a message that has been deleted by now is not told', () => {
  assert.equal(eventFor(row('message.created'), { ...facts(CREATOR, MEMBER), message: null }, 1), null)
})

test('each is told of it as their own list has it', () => {
  const of = facts(CREATOR, { status: 'canceled' })
  const seen = (viewer: number) => {
    const event = eventFor(row('message.created'), of, viewer)
    assert.ok(event?.event === 'message.created')
    const { conversation, message: shown, position } = event.data
    const { unread_count, can_send, cannot_send_reason, user } = conversation
    return [user.id, unread_count, can_send, cannot_send_reason, shown.created_at, position]
  }
  assert.deepEqual(seen(1), ['user-2', 0, false, 'membership_ended', '2026-01-01T10:00:00Z', 2])
  assert.deepEqual(seen(2), ['user-1', 2, false, 'membership_ended', '2026-01-01T10:00:00Z', 2])
})
