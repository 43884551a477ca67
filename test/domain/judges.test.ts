import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeletionFacts, judgeDeletion } from '../../src/domain/deletion.ts'
import { type CallerFacts, type PairFacts, pairOf, standpointOf } from '../../src/domain/pair.ts'
import { Refused } from '../../src/domain/refusal.ts'
import { judgeSend, type SendFacts } from '../../src/domain/send.ts'

// The order in which faults are told (CONTRACT §1 and §3), over every combination of them: the first that holds is the answer.

const caller: CallerFacts = {
  ...{ callerKey: 1, callerId: 'ada', callerUsername: 'ada', callerAvatarUrl: null, callerErasedAt: null },
  ...{ callerStatus: null, callerBlocked: null, callerWasCreator: false, communityKey: 7, creatorKey: 1 },
}
const pair: PairFacts = {
  ...caller,
  ...{ otherKey: 2, otherId: 'bob', otherUsername: 'bob', otherAvatarUrl: null, otherErasedAt: null },
  ...{ otherStatus: 'active', otherBlocked: false, otherWasCreator: false },
}
const send: SendFacts = { ...pair, lastMessageId: null, changes: 0, knownMessageId: null }

type Fault<Facts> = readonly [name: string, facts: Partial<Facts>]

const CALLER_FAULTS: readonly Fault<CallerFacts>[] = [
  ['unknown_user', { callerKey: null, creatorKey: 9 }],
  ['unknown_user', { callerErasedAt: '2024-01-01' }],
  ['not_found', { communityKey: null, creatorKey: null }],
]

/** Every subset of the faults, in their order. */
function* subsets<T>(of: readonly T[]): Generator<T[]> {
  for (let bits = 0; bits < 2 ** of.length; bits++) yield of.filter((_, i) => bits & (1 << i))
}

/** The facts with all of the faults; of two that say the same fact the first one counts. */
const withAll = <Facts>(facts: Facts, faults: readonly Fault<Facts>[]): Facts =>
  Object.assign({}, facts, ...faults.toReversed().map(([, change]) => change))

function reasonOf(work: () => unknown): string {
  try {
    work()
    return 'fine'
  } catch (error) {
    assert.ok(error instanceof Refused)
    return error.reason
  }
}

test('the caller is judged before the community, and both before everything else', () => {
  for (const faults of subsets(CALLER_FAULTS)) {
    const expected = faults[0]?.[0] ?? 'fine'
    assert.equal(
      reasonOf(() => standpointOf(withAll(caller, faults))),
      expected,
      JSON.stringify(faults),
    )
    assert.equal(
      reasonOf(() => pairOf({ ...pair, ...withAll(caller, faults) })),
      expected,
    )
    assert.equal(
      reasonOf(() => pairOf({ ...pair, ...withAll(caller, faults), otherKey: null })),
      expected,
    )
  }
})

test('facts become people, and null is no', () => {
  const { communityKey, caller: ada, other: bob } = pairOf(pair)
  assert.equal(communityKey, 7)
  assert.deepEqual(ada, {
    key: 1,
    erased: false,
    isCreator: true,
    wasCreator: false,
    status: null,
    blocked: false,
  })
  assert.deepEqual(bob, {
    key: 2,
    erased: false,
    isCreator: false,
    wasCreator: false,
    status: 'active',
    blocked: false,
  })
  const gone = { otherErasedAt: '2024-01-01', otherBlocked: null, otherWasCreator: null, otherStatus: null }
  const none = { key: 2, erased: true, isCreator: false, wasCreator: false, status: null, blocked: false }
  assert.deepEqual(pairOf({ ...pair, ...gone }).other, none)
  const all = {
    otherBlocked: true,
    otherWasCreator: true,
    callerBlocked: true,
    callerWasCreator: true,
    creatorKey: 2,
  }
  const { caller: blocked, other: creator } = pairOf({ ...pair, ...all })
  assert.deepEqual([blocked.blocked, blocked.wasCreator, blocked.isCreator], [true, true, false])
  assert.deepEqual([creator?.blocked, creator?.wasCreator, creator?.isCreator], [true, true, true])
  assert.equal(pairOf({ ...pair, otherKey: null }).other, null)
})

test('a send: the caller, the community, the body, a retry, then the permission', () => {
  const order: readonly Fault<SendFacts & { faults: readonly string[] }>[] = [
    ...CALLER_FAULTS,
    ['invalid', { faults: ["Content can't be blank", 'x'] }],
    ['known', { knownMessageId: 'known-id' }],
    ['cannot_send', { otherKey: null }],
    ['cannot_send', { otherStatus: 'canceled' }],
    ['cannot_send', { otherBlocked: true }],
    ['cannot_send', { otherErasedAt: '2024-01-01' }],
  ]
  for (const faults of subsets(order)) {
    const { faults: words, ...facts } = withAll({ ...send, faults: [] as readonly string[] }, faults)
    const verdict = judgeSend(facts, words)
    const expected = faults[0]?.[0]
    if (expected === undefined)
      assert.deepEqual(verdict, { kind: 'admitted', communityKey: 7, senderKey: 1, recipientKey: 2 })
    else if (expected === 'known')
      assert.deepEqual(verdict, { kind: 'known', messageId: 'known-id', communityKey: 7 })
    else {
      assert.equal(verdict.kind, 'refused')
      const { refusal } = verdict as { refusal: Refused }
      assert.equal(refusal.reason, expected)
      assert.deepEqual(refusal.faults, expected === 'invalid' ? words : [])
    }
  }
})

test('a send’s judge hides no error that is not a refusal', () => {
  const broken = { ...send } as Record<string, unknown>
  Object.defineProperty(broken, 'communityKey', {
    get: () => {
      throw new TypeError('broken')
    },
  })
  assert.throws(() => judgeSend(broken as unknown as SendFacts, []), TypeError)
})

test('a deletion: who calls, what there is, whose it is, and whether it is the last', () => {
  const fine: DeletionFacts = {
    ...caller,
    ...{ messageId: 'm', senderKey: 1, recipientKey: 2, conversationBlocked: false, lastMessageId: 'm' },
  }
  assert.equal(judgeDeletion(fine), 7)
  const nothing = {
    messageId: null,
    senderKey: null,
    recipientKey: null,
    conversationBlocked: null,
    lastMessageId: null,
  }
  const order: readonly Fault<DeletionFacts>[] = [
    ...CALLER_FAULTS,
    ['not_found', nothing],
    ['no_access_to_message', { senderKey: 2, recipientKey: 3 }],
    ['no_access_to_message', { conversationBlocked: true }],
    ['not_your_message', { senderKey: 2, recipientKey: 1 }],
    ['not_the_last_message', { lastMessageId: 'a later one' }],
  ]
  for (const faults of subsets(order)) {
    const expected = faults[0]?.[0] ?? 'fine'
    assert.equal(
      reasonOf(() => judgeDeletion(withAll(fine, faults))),
      expected,
      JSON.stringify(faults),
    )
  }
})

test('whoever may not send any more may still delete: nothing in the contract says otherwise', () => {
  const facts = {
    ...caller,
    messageId: 'm',
    senderKey: 1,
    recipientKey: 2,
    conversationBlocked: false,
    lastMessageId: 'm',
  }
  for (const callerStatus of [null, 'canceled', 'active'])
    for (const creatorKey of [1, 2, 3]) assert.equal(judgeDeletion({ ...facts, callerStatus, creatorKey }), 7)
})
