import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cannotSendReason,
  mayRead,
  maySend,
  type PersonFacts,
  type Standing,
  standingOf,
} from '../../src/domain/standing.ts'
import { permissionsOf } from '../contract/matrix-oracle.ts'

// The rules of CONTRACT §2 over every combination of facts, those that the store never makes included. What they must be is
// written in the matrix' oracle, from the contract alone.

const STATUSES = [
  null,
  'active',
  'trialing',
  'past_due',
  'canceled',
  'unpaid',
  'incomplete',
  'a status of tomorrow',
]
const BOTH = [false, true]

const people: PersonFacts[] = STATUSES.flatMap((status) =>
  BOTH.flatMap((erased) =>
    BOTH.flatMap((isCreator) =>
      BOTH.flatMap((wasCreator) =>
        BOTH.map((blocked) => ({ key: 1, erased, isCreator, wasCreator, status, blocked })),
      ),
    ),
  ),
)

/** Every caller who gets so far, with everybody else. There is one creator. */
function* pairs(): Generator<[PersonFacts, PersonFacts]> {
  for (const caller of people) {
    if (caller.erased) continue
    for (const other of people)
      if (!caller.isCreator || !other.isCreator) yield [caller, { ...other, key: 2 }]
  }
}

const show = (...facts: unknown[]) => JSON.stringify(facts)

test('there are as many people as there are combinations', () => {
  assert.equal(people.length, 8 * 2 ** 4)
  assert.equal(new Set(people.map((one) => show(one))).size, people.length)
})

test('what somebody is, by the first that holds', () => {
  const expected = (one: PersonFacts): Standing => {
    if (one.isCreator && one.erased) return 'former'
    if (one.isCreator) return 'creator'
    if (one.blocked) return 'blocked'
    if (one.status === null) return one.wasCreator ? 'former' : 'stranger'
    if (one.erased) return 'former'
    return one.status === 'active' || one.status === 'trialing' ? 'active' : 'former'
  }
  for (const one of people) assert.equal(standingOf(one), expected(one), show(one))
})

test('who may read and send, as the contract’s table says', () => {
  let count = 0
  for (const [caller, other] of pairs()) {
    for (const haveTalked of BOTH) {
      count++
      const [read, send] = permissionsOf(caller, other, haveTalked)
      assert.equal(mayRead(caller, other, haveTalked), read === 200, show('read', caller, other, haveTalked))
      assert.equal(maySend(caller, other), send === 201, show('send', caller, other))
    }
  }
  assert.equal(count, 2 * (32 * 64 + 32 * 128))
})

test('nobody writes to themself or reads it', () => {
  for (const one of people) {
    assert.equal(maySend(one, one), false)
    for (const haveTalked of BOTH) assert.equal(mayRead(one, one, haveTalked), false)
  }
})

test('what holds of every pair', () => {
  for (const [caller, other] of pairs()) {
    const send = maySend(caller, other)
    const read = mayRead(caller, other, false)
    const kinds = [standingOf(caller), standingOf(other)]
    if (!other.erased) {
      assert.equal(maySend(other, caller), send, 'either may send or neither')
      assert.equal(mayRead(other, caller, false), read, 'either may read or neither')
    }
    if (send) assert.ok(read, 'who may send may read')
    if (send) assert.deepEqual(kinds.sort(), ['active', 'creator'])
    if (read) assert.ok(mayRead(caller, other, true), 'to have talked takes nothing away')
    if (kinds.includes('blocked') || kinds.includes('stranger'))
      assert.ok(!mayRead(caller, other, true), 'nor does it bring back what a block took')
    if (other.erased) assert.ok(!send)
  }
})

test('why nothing can be sent: an ended membership, unless neither of them is the creator', () => {
  const seen = new Set<unknown>()
  for (const [caller, other] of pairs()) {
    const reason = cannotSendReason(caller, other)
    seen.add(reason)
    assert.equal(reason === null, maySend(caller, other))
    if (reason !== null)
      assert.equal(reason, caller.isCreator || other.isCreator ? 'membership_ended' : 'creator_changed')
  }
  assert.equal(seen.size, 3)
})
