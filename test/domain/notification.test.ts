import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Channel } from '../../src/domain/delivery.ts'
import { judgeNotification, type NotificationFacts } from '../../src/domain/notification.ts'
import type { PersonFacts } from '../../src/domain/standing.ts'

// Every combination of what decides about a notification (CONTRACT §5), in both directions. What must come out is written
// here from the contract alone, as conditions that each forbid sending.

const NOW = Date.parse('2026-06-01T12:00:00Z')
const STATUSES = ['active', 'trialing', 'past_due', 'canceled', null]

interface Case {
  readonly channel: Channel
  readonly toCreator: boolean
  readonly status: string | null
  readonly memberBlocked: boolean
  readonly hidden: boolean
  readonly deleted: boolean
  readonly read: boolean
  readonly senderErased: boolean
  readonly recipientErased: boolean
  readonly off: boolean
  readonly address: boolean
  readonly refused: boolean
  readonly device: boolean
  readonly handed: boolean
}

function* cases(): Generator<Case> {
  const switches = [
    'memberBlocked',
    'hidden',
    'deleted',
    'read',
    'senderErased',
    'recipientErased',
    'off',
    'address',
    'refused',
    'device',
    'handed',
    'toCreator',
  ] as const
  for (const channel of ['email', 'push'] as const)
    for (const status of STATUSES)
      for (let bits = 0; bits < 2 ** switches.length; bits++) {
        const on = Object.fromEntries(switches.map((name, i) => [name, (bits & (2 ** i)) !== 0]))
        yield { channel, status, ...on } as unknown as Case
      }
}

function factsOf(of: Case): NotificationFacts {
  const plain = { erased: false, isCreator: false, wasCreator: false, status: null, blocked: false }
  // After the community has changed hands neither of the two is the creator.
  const creator: PersonFacts = { ...plain, key: 1, isCreator: !of.handed, wasCreator: of.handed }
  const member: PersonFacts = { ...plain, key: 2, status: of.status, blocked: of.memberBlocked }
  const [sender, recipient] = of.toCreator ? [member, creator] : [creator, member]
  return {
    channel: of.channel,
    createdAt: of.deleted ? null : NOW - 1_000,
    conversationBlocked: of.hidden,
    read: of.read,
    sender: { ...sender, erased: of.senderErased },
    recipient: { ...recipient, erased: of.recipientErased },
    settings: of.off ? { [`messages.${of.channel}`]: false } : {},
    timeZone: null,
    hasAddress: of.address,
    addressRefused: of.refused,
    hasDevice: of.device,
  }
}

/** All that forbids sending, by the contract. */
function forbids(of: Case): Set<string> {
  const reasons = new Set<string>()
  if (of.deleted) reasons.add('deleted')
  if (of.senderErased || of.recipientErased) reasons.add('erased')
  if (of.hidden || of.memberBlocked) reasons.add('blocked')
  if ((of.status !== 'active' && of.status !== 'trialing') || of.handed) reasons.add('not_active')
  if (of.off) reasons.add('setting_off')
  if (of.read) reasons.add('read')
  if (of.channel === 'email' && !of.address) reasons.add('no_address')
  if (of.channel === 'email' && of.refused) reasons.add('address_refused')
  if (of.channel === 'push' && !of.device) reasons.add('no_device')
  return reasons
}

test('sent exactly when nothing forbids it, and skipped for a reason that holds', () => {
  let sent = 0
  for (const of of cases()) {
    const verdict = judgeNotification(factsOf(of), NOW, 0)
    const reasons = forbids(of)
    if (reasons.size === 0) {
      assert.deepEqual(verdict, { kind: 'send' }, JSON.stringify(of))
      sent++
    } else {
      assert.equal(verdict.kind, 'skip', JSON.stringify(of))
      assert.ok(verdict.kind === 'skip' && reasons.has(verdict.reason), JSON.stringify([of, verdict]))
    }
  }
  assert.equal(
    sent,
    2 * 2 * 2 * 3,
    'channels, directions, two statuses, and what the channel does not ask for',
  )
})

const clear: NotificationFacts = factsOf({
  channel: 'email',
  toCreator: false,
  status: 'active',
  memberBlocked: false,
  hidden: false,
  deleted: false,
  read: false,
  senderErased: false,
  recipientErased: false,
  off: false,
  address: true,
  refused: false,
  device: true,
  handed: false,
})
const createdAt = NOW - 1_000

test('an email waits for the delay that its recipient chose, or the server’s', () => {
  const heldUntil = (settings: object, seconds: number, timeZone: string | null = null) => {
    const verdict = judgeNotification({ ...clear, settings: { ...settings }, timeZone }, NOW, seconds)
    if (verdict.kind !== 'hold') return verdict.kind
    assert.equal(verdict.reason, 'email_delay')
    assert.equal(verdict.gather, 'conversation')
    return verdict.until
  }
  const chosen = (delay: string) => ({ 'messages.email_delay': delay })
  assert.equal(heldUntil({}, 0), 'send')
  assert.equal(heldUntil({}, 60), createdAt + 60_000)
  assert.equal(heldUntil({}, 1), 'send', 'its time is up')
  assert.equal(heldUntil(chosen('0'), 60), 'send')
  assert.equal(heldUntil(chosen('300'), 0), createdAt + 300_000)
  assert.equal(heldUntil(chosen('3600'), 60), createdAt + 3_600_000)
  assert.equal(heldUntil(chosen('daily'), 0), Date.parse('2026-06-02T08:00:00Z'))
  assert.equal(heldUntil(chosen('daily'), 0, 'Pacific/Auckland'), Date.parse('2026-06-01T20:00:00Z'))
  assert.equal(heldUntil({ ...chosen('300'), 'messages.email': false }, 0), 'skip')
})

test('a push is held in quiet hours, by the recipient’s clock, and an email is not', () => {
  const settings = { 'messages.quiet_hours': '22:00-07:00' }
  const zones = {
    'Asia/Tokyo': 'send',
    'Asia/Kolkata': 'send',
    'Australia/Sydney': Date.parse('2026-06-01T21:00:00Z'),
  }
  for (const [timeZone, expected] of Object.entries(zones)) {
    const verdict = judgeNotification({ ...clear, channel: 'push', settings, timeZone }, NOW, 3_600)
    assert.equal(verdict.kind === 'hold' ? verdict.until : verdict.kind, expected, timeZone)
    if (verdict.kind === 'hold')
      assert.deepEqual([verdict.reason, verdict.gather], ['quiet_hours', 'recipient'])
  }
  assert.equal(judgeNotification({ ...clear, settings, timeZone: 'Australia/Sydney' }, NOW, 0).kind, 'send')
})
