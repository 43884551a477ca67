import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestSnug } from '../kit.ts'
import {
  addressOf,
  newWorld,
  put,
  reachable,
  setTo,
  untilQueued,
  untilTold,
  type World,
  why,
} from './world.ts'

// Setting × status × block × address and device × deleted × read × erased, over HTTP, SMTP and a push service (CONTRACT §5): everything
// is sent or not by what holds at the moment of sending. The messages are stored by a Snug that only serves; then things change;
// then a Snug that only works comes up.

const WHEN = ['never', 'before', 'meanwhile'] as const
type When = (typeof WHEN)[number]
const BOTH = [false, true]
const STATUSES = ['active', 'trialing', 'canceled'] as const

interface Case {
  readonly id: string
  /** When the settings are turned off. */
  readonly off: When
  /** When there is no address and no device. */
  readonly nowhere: When
  /** The status at the moment of sending. */
  readonly status: (typeof STATUSES)[number]
  readonly blocked: boolean
  readonly deleted: boolean
  readonly read: boolean
  readonly erased: boolean
}

function allCases(): Case[] {
  const cases: Case[] = []
  for (const off of WHEN)
    for (const nowhere of WHEN)
      for (const status of STATUSES)
        for (const blocked of BOTH)
          for (const deleted of BOTH)
            for (const read of BOTH)
              for (const erased of BOTH)
                cases.push({ id: `m${cases.length}`, off, nowhere, status, blocked, deleted, read, erased })
  return cases
}

const isSent = (of: Case) =>
  of.off === 'never' &&
  of.nowhere === 'never' &&
  of.status !== 'canceled' &&
  !of.blocked &&
  !of.deleted &&
  !of.read &&
  !of.erased

async function before(snug: TestSnug, { push }: World, of: Case): Promise<void> {
  await snug.users(of.id)
  await snug.member('c', of.id, of.status === 'trialing' ? 'trialing' : 'active')
  if (of.nowhere !== 'before') await reachable(snug, push, of.id)
  if (of.off === 'before') await turnOff(snug, of.id)
}

async function turnOff(snug: TestSnug, id: string): Promise<void> {
  await setTo(snug, id, 'messages.email', false)
  await setTo(snug, id, 'messages.push', 'false')
}

async function meanwhile(snug: TestSnug, of: Case, messageId: string): Promise<void> {
  const must = async (status: number, ...call: Parameters<TestSnug['call']>) => {
    const answer = await snug.call(...call)
    assert.equal(answer.status, status, JSON.stringify([of, call, answer.body]))
  }
  const thread = '/api/v1/communities/c/messages'
  if (of.off === 'meanwhile') await turnOff(snug, of.id)
  if (of.nowhere === 'meanwhile') {
    await put(snug, `users/${of.id}`, { username: 'x', email: null })
    await must(204, 'DELETE', `/api/v1/devices/device-of-${of.id}`, { as: of.id })
  }
  if (of.read)
    await must(200, 'POST', `${thread}/creator/read`, { as: of.id, body: { message_id: messageId } })
  if (of.deleted) await must(200, 'DELETE', `${thread}/${messageId}`, { as: 'creator' })
  if (of.status === 'canceled') await snug.member('c', of.id, 'canceled')
  if (of.blocked)
    await must(200, 'POST', `/service/v1/communities/c/members/${of.id}/block`, { service: true })
  if (of.erased) await must(204, 'DELETE', `/service/v1/users/${of.id}`, { service: true })
}

test('the matrix: what is sent, what is not, and why', async () => {
  const world = await newWorld()
  const { smtp, push } = world
  const serving = await world.snug({ SNUG_ROLE: 'serve' })
  await serving.users('creator')
  await serving.community('c', 'creator')
  const cases = allCases()
  const messages = new Map<string, string>()
  // A few at a time: the database does several things at once, and so do hosts.
  const each = async (work: (of: Case) => Promise<void>) => {
    const left = cases.values()
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const of of left) await work(of)
      }),
    )
  }
  await each(async (of) => {
    await before(serving, world, of)
    messages.set(of.id, (await serving.send('c', 'creator', of.id, `To ${of.id}`)).id)
  })
  await untilQueued(serving)
  assert.equal(smtp.received.length + push.requests(), 0, 'nobody works yet')
  await each((of) => meanwhile(serving, of, messages.get(of.id) as string))
  await untilQueued(serving)

  await world.snug({ SNUG_ROLE: 'work' })
  await untilTold(serving)
  const emailed = smtp.received.map(({ to }) => to.join()).sort()
  const pushed = push.received.map(({ note }) => note.data.message_id).sort()
  const expected = cases.filter(isSent)
  assert.equal(expected.length, 2, 'active and trialing')
  assert.deepEqual(emailed, expected.map(({ id }) => addressOf(id)).sort())
  assert.deepEqual(pushed, expected.map(({ id }) => messages.get(id)).sort())
  assert.deepEqual(push.faults, [])
  for (const of of cases) {
    const said = await why(serving, messages.get(of.id) as string)
    for (const channel of ['email', 'push']) {
      const outcome = said[channel] as string
      assert.ok(reasonsFor(of, channel).includes(outcome), JSON.stringify([of, channel, outcome]))
    }
  }
})

function reasonsFor(of: Case, channel: string): string[] {
  if (isSent(of)) return ['sent']
  const reasons = [
    of.off !== 'never' && 'setting_off',
    of.nowhere !== 'never' && (channel === 'email' ? 'no_address' : 'no_device'),
    of.status === 'canceled' && 'not_active',
    of.blocked && 'blocked',
    of.deleted && 'deleted',
    of.read && 'read',
    of.erased && 'erased',
  ]
  return reasons.filter((reason) => reason !== false).map((reason) => `skipped: ${reason}`)
}

test('a member writes to the creator: told unless something of either stands against it', async () => {
  const world = await newWorld()
  const { smtp, push } = world
  const serving = await world.snug({ SNUG_ROLE: 'serve' })
  await serving.users('creator')
  await serving.community('c', 'creator')
  await reachable(serving, push, 'creator')
  const sent = new Map<string, string>()
  const changes = ['none', 'deleted', 'canceled', 'blocked', 'erased', 'read', 'answered'] as const
  for (const change of changes) {
    await serving.users(change)
    await serving.member('c', change)
    sent.set(change, (await serving.send('c', change, 'creator', change)).id)
  }
  const thread = '/api/v1/communities/c/messages'
  const id = (change: string) => sent.get(change) as string
  const must = async (...call: Parameters<TestSnug['call']>) =>
    assert.ok((await serving.call(...call)).status < 300)
  await must('DELETE', `${thread}/${id('deleted')}`, { as: 'deleted' })
  await serving.member('c', 'canceled', 'canceled')
  await must('POST', '/service/v1/communities/c/members/blocked/block', { service: true })
  await must('DELETE', '/service/v1/users/erased', { service: true })
  await must('POST', `${thread}/read/read`, { as: 'creator', body: { message_id: id('read') } })
  await serving.send('c', 'creator', 'answered', 'Sending marks everything before it read.')
  await untilQueued(serving)
  await world.snug({ SNUG_ROLE: 'work' })
  await untilTold(serving)
  assert.deepEqual(
    smtp.received.map(({ messageId }) => messageId.split('@')[0]),
    [id('none')],
  )
  assert.deepEqual(
    push.received.map(({ note }) => note.data.message_id),
    [id('none')],
  )
  const expected = {
    none: 'sent',
    deleted: 'skipped: deleted',
    canceled: 'skipped: not_active',
    blocked: 'skipped: blocked',
    erased: 'skipped: erased',
    read: 'skipped: read',
    answered: 'skipped: read',
  }
  for (const change of changes)
    assert.deepEqual(
      await why(serving, id(change)),
      { email: expected[change], push: expected[change] },
      change,
    )
})
