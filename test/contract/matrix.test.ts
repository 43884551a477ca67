import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answered, type ContractSnug, membersPath, messagesPath, newContract } from './client.ts'
import {
  ANY,
  CANNOT_SEND,
  CANNOT_VIEW,
  conversationOf,
  type Expected,
  expectDelete,
  expectList,
  expectMember,
  expectRead,
  expectRefusedInsights,
  expectRefusedMembers,
  expectSend,
  expectThread,
  mayCall,
  NOT_A_MEMBER,
  NOT_FOUND,
  NOT_THE_CREATOR,
  UNKNOWN_USER,
} from './matrix-oracle.ts'
import { type Figure, makeOrphanedWorld, makeWorld, type World } from './matrix-world.ts'

// Every kind of caller × every kind of other user × every endpoint (CONTRACT §2), each answer compared whole with what the
// oracle says. The tests of a world run in order: those that change it come last.

const insightsPath = (communityId: string) => `/api/v1/communities/${communityId}/insights`

/** Whom a caller may name: everybody in the world, and ids that stand for nobody. */
interface Named {
  readonly id: string
  readonly figure: Figure | undefined
}

const NOBODIES = [
  'nobody-at-all',
  'no id',
  '.',
  '~',
  'ünïcödé',
  'x'.repeat(64),
  'x'.repeat(65),
  '\u0000',
  "'; --",
  '%',
]

const snug: ContractSnug = await newContract()
const worlds: readonly World[] = [
  await makeWorld(snug, 'talked', { talk: true, creatorWasMember: true }),
  await makeWorld(snug, 'silent', { talk: false, creatorWasMember: false }),
  await makeOrphanedWorld(snug, 'orphaned'),
]

const namedIn = (world: World): Named[] => [
  ...world.figures.map((figure) => ({ id: figure.id, figure })),
  ...NOBODIES.map((id) => ({ id, figure: undefined })),
]

/** Ids and times that are the answer's own replaced by a mark; their form is checked by the client. */
function masked(value: unknown, ids: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => masked(one, ids))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    const own =
      key.endsWith('_at') || (ids && key === 'id' && ('content' in value || 'latest_message' in value))
    return [key, own && inner !== null ? ANY : masked(inner, ids)]
  })
  return Object.fromEntries(entries)
}

/** Refusals by their words, each with every form in which it was sent: bytes, length, type. */
const forms = new Map<string, Set<string>>()

function remember(answer: Answered, expected: Expected): void {
  const { 'content-type': type, 'content-length': length, 'www-authenticate': auth } = answer.headers
  const name = JSON.stringify(expected.body)
  const form = JSON.stringify([
    answer.status,
    answer.text,
    type,
    length,
    auth,
    Object.keys(answer.headers).sort(),
  ])
  forms.set(name, (forms.get(name) ?? new Set()).add(form))
}

class Mismatches {
  readonly #found: string[] = []
  #compared = 0

  compare(what: string, answer: Answered, expected: Expected, ids = false): void {
    this.#compared++
    if (expected.status >= 400) remember(answer, expected)
    const got = { status: answer.status, body: masked(answer.body, ids) }
    try {
      assert.deepEqual(got, expected)
    } catch {
      this.#found.push(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`)
    }
  }

  done(atLeast: number): void {
    assert.deepEqual(this.#found, [])
    assert.ok(this.#compared >= atLeast, `only ${this.#compared} answers were compared`)
  }
}

/** Runs over every caller and other user of every world, some at once. */
async function overPairs(
  visit: (world: World, caller: Figure, other: Named) => Promise<void>,
  { inTurn = false } = {},
): Promise<void> {
  const jobs = worlds.flatMap((world) =>
    world.figures.flatMap((caller) => namedIn(world).map((other) => () => visit(world, caller, other))),
  )
  const size = inTurn ? 1 : 12
  for (let i = 0; i < jobs.length; i += size) await Promise.all(jobs.slice(i, i + size).map((job) => job()))
}

const what = (caller: Figure, other: { id: string }) => `${caller.id} → ${JSON.stringify(other.id)}`

test('the list, for every caller', async () => {
  const mismatches = new Mismatches()
  for (const world of worlds) {
    for (const caller of world.figures) {
      const answer = await snug.list(caller.id, world.communityId)
      const body = masked(answer.body, false) as { data?: { id: string }[] }
      // The conversation's own id is not known beforehand; the messages' are.
      for (const one of body.data ?? []) one.id = ANY
      mismatches.compare(`list of ${caller.id}`, { ...answer, body }, expectList(world, caller))
    }
  }
  mismatches.done(45)
})

test('the thread, for every caller and other user', async () => {
  const mismatches = new Mismatches()
  await overPairs(async (world, caller, other) => {
    // As a segment of a path this one is taken away before it is sent.
    if (other.id === '.') return
    const answer = await snug.thread(caller.id, world.communityId, other.id)
    const expected = expectThread(world, caller, other.figure)
    mismatches.compare(what(caller, other), answer, expected)
    const marks = await snug.ask(
      'GET',
      `${messagesPath(world.communityId)}/${encodeURIComponent(other.id)}/read`,
      {
        as: caller.id,
      },
    )
    // How far it was read is seen by whoever sees the thread, and refused in the same words.
    if (expected.status === 200) assert.equal(marks.status, 200)
    else mismatches.compare(`marks of ${what(caller, other)}`, marks, expected)
  })
  mismatches.done(1_000)
})

test('reading a member, for every caller and other user', async () => {
  const mismatches = new Mismatches()
  await overPairs(async (world, caller, other) => {
    if (other.id === '.') return
    const path = `${membersPath(world.communityId)}/${encodeURIComponent(other.id)}`
    const answer = await snug.ask('GET', path, { as: caller.id })
    const refused = expectRefusedMembers(caller)
    const member = expectMember(other.figure)
    if (refused ?? !member) mismatches.compare(what(caller, other), answer, refused ?? NOT_FOUND)
    else compareMember(answer, member as NonNullable<typeof member>, what(caller, other))
  })
  mismatches.done(1_000)
})

function compareMember(
  answer: Answered,
  member: NonNullable<ReturnType<typeof expectMember>>,
  message: string,
): void {
  assert.equal(answer.status, 200, message)
  const { status, is_blocked, user, metadata } = answer.body
  assert.deepEqual({ status, is_blocked, user }, member, message)
  assert.equal(metadata.blocked, member.is_blocked, message)
}

test('the members, for every caller', async () => {
  const mismatches = new Mismatches()
  for (const world of worlds) {
    for (const caller of world.figures) {
      const answer = await snug.ask('GET', membersPath(world.communityId), {
        as: caller.id,
        query: { per: '100' },
      })
      const refused = expectRefusedMembers(caller)
      if (refused) {
        mismatches.compare(caller.id, answer, refused)
        continue
      }
      assert.equal(answer.status, 200)
      const shown = answer.body.data.map((one: { user: { id: string } }) => one.user.id)
      const there = world.figures.filter((one) => one.status !== null).map((one) => one.id)
      assert.deepEqual(shown.sort(), there.sort())
    }
  }
  mismatches.done(40)
})

test('insights, for every caller', async () => {
  const mismatches = new Mismatches()
  for (const world of worlds) {
    for (const caller of world.figures) {
      const answer = await snug.ask('GET', insightsPath(world.communityId), { as: caller.id })
      const refused = expectRefusedInsights(caller)
      if (refused) mismatches.compare(caller.id, answer, refused)
      else assert.equal(answer.status, 200)
    }
  }
  mismatches.done(40)
})

test('an unknown community is not found, whoever asks for whatever', async () => {
  const mismatches = new Mismatches()
  const someone = (worlds[0] as World).figures[0] as Figure
  for (const id of ['no-such-community', 'no%20id%00']) {
    const [messages, members] = [messagesPath(id), membersPath(id)]
    const message_id = '01a203e0-09e9-727d-8a69-7cce79def710'
    const asked = [
      ['GET', `${messages}/conversations`],
      ['GET', `${messages}/${someone.id}`],
      ['POST', messages, { recipient_id: someone.id, content: 'x' }],
      // "An unknown community before both": before validation and permission.
      ['POST', messages, { content: '' }],
      ['GET', `${messages}/conversations?page=0`],
      ['GET', `${messages}/${someone.id}?page=0`],
      ['GET', `${members}?page=0`],
      ['GET', `${messages}/${someone.id}/read`],
      ['GET', insightsPath(id)],
      ['GET', `${insightsPath(id)}?time_zone=Mars`],
      ['POST', `${messages}/${someone.id}/read`, { message_id }],
      ['POST', `${messages}/${someone.id}/read`, {}],
      ['DELETE', `${messages}/${message_id}`],
      ['GET', members],
      ['GET', `${members}/${someone.id}`],
      ['POST', `${members}/${someone.id}/block`, {}],
      ['POST', `${members}/${someone.id}/unblock`],
    ] as const
    for (const caller of (worlds[0] as World).figures) {
      for (const [method, path, body] of asked) {
        const answer = await snug.ask(method, path, { as: caller.id, ...(body && { body }) })
        mismatches.compare(
          `${caller.id} ${method} ${path}`,
          answer,
          mayCall(caller) ? NOT_FOUND : UNKNOWN_USER,
        )
      }
    }
  }
  mismatches.done(500)
})

test('sending, for every caller and other user', async () => {
  const mismatches = new Mismatches()
  await overPairs(async (world, caller, other) => {
    const body = { recipient_id: other.id, content: `hello ${other.id}`.replace('\u0000', '') }
    const answer = await snug.ask('POST', messagesPath(world.communityId), { as: caller.id, body })
    mismatches.compare(
      what(caller, other),
      answer,
      expectSend(world, caller, other.figure, body.content),
      true,
    )
    if (answer.status === 201) (world.spoken as unknown[]).push(answer.body)
  })
  mismatches.done(1_000)
  const sent = (id: string) => worlds.find((one) => one.communityId === id)?.spoken.length ?? 0
  assert.equal(sent('silent'), 6, 'to and from the active, the trialing and the rejoined')
})

test('marking read, for every caller and other user', async () => {
  const mismatches = new Mismatches()
  await overPairs(async (world, caller, other) => {
    if (other.id === '.') return
    const foreign = worlds.find((one) => one !== world && one.spoken.length > 0)?.spoken[0]?.id
    const path = `${messagesPath(world.communityId)}/${encodeURIComponent(other.id)}/read`
    const last = other.figure && conversationOf(world, caller, other.figure).at(-1)
    for (const message_id of [foreign, last?.id]) {
      if (message_id === undefined) continue
      const answer = await snug.ask('POST', path, { as: caller.id, body: { message_id } })
      mismatches.compare(
        what(caller, other),
        answer,
        expectRead(world, caller, other.figure, message_id === last?.id),
      )
    }
  })
  mismatches.done(1_000)
})

test('deleting, for every caller and the first and last message of every conversation', async () => {
  const mismatches = new Mismatches()
  for (const world of worlds) {
    const later: (() => Promise<void>)[] = []
    for (const [pair, messages] of conversationsIn(world)) {
      for (const message of new Set([messages[0], messages.at(-1)])) {
        if (!message) continue
        for (const caller of world.figures) {
          const expected = expectDelete(caller, pair, message, message === messages.at(-1))
          const go = async () => {
            const path = `${messagesPath(world.communityId)}/${message.id}`
            mismatches.compare(
              what(caller, message),
              await snug.ask('DELETE', path, { as: caller.id }),
              expected,
            )
          }
          if (expected.status === 200) later.push(go)
          else await go()
        }
      }
    }
    // Only when nobody asks for these any more.
    for (const go of later) await go()
  }
  mismatches.done(1_000)
})

/** The conversations of the present creator and of an old one. */
function conversationsIn(world: World): [readonly [Figure, Figure], World['spoken']][] {
  const creators = world.figures.filter((one) => one.isCreator || one.id.endsWith('-old'))
  const isPair = (a: Figure, b: Figure) => a !== b && (!creators.includes(b) || a.id < b.id)
  const pairs = creators.flatMap((a) => world.figures.filter((b) => isPair(a, b)).map((b) => [a, b] as const))
  const talked = pairs.map((pair) => [pair, conversationOf(world, ...pair)] as const)
  return talked.filter(([, messages]) => messages.length > 0).map(([pair, messages]) => [pair, messages])
}

test('a message that does not exist, and an id that is none, are not found by anybody', async () => {
  const mismatches = new Mismatches()
  const world = worlds[0] as World
  for (const id of [
    '01a203e0-09e9-727d-8a69-7cce79def710',
    'talked-active',
    'no%20id',
    '0',
    '%00',
    'conversations',
  ]) {
    for (const caller of world.figures) {
      const answer = await snug.ask('DELETE', `${messagesPath(world.communityId)}/${id}`, { as: caller.id })
      mismatches.compare(`${caller.id} ${id}`, answer, mayCall(caller) ? NOT_FOUND : UNKNOWN_USER)
    }
  }
  mismatches.done(100)
})

for (const verb of ['unblock', 'block'] as const) {
  test(`${verb}, for every caller and other user`, async () => {
    const mismatches = new Mismatches()
    // The creator comes last: until then nothing may have changed.
    await overPairs(async (world, caller, other) => {
      if (other.id === '.' || (caller.isCreator && mayCall(caller))) return
      const answer = await snug.ask('POST', pathOf(world, other, verb), { as: caller.id })
      mismatches.compare(what(caller, other), answer, expectRefusedMembers(caller) as Expected)
    })
    mismatches.done(1_000)
    await overPairs(
      async (world, caller, other) => {
        if (other.id === '.' || !caller.isCreator || !mayCall(caller)) return
        const answer = await snug.ask('POST', pathOf(world, other, verb), { as: caller.id })
        const member = expectMember(other.figure)
        const refusal = refusalOf(verb, member, other.figure)
        if (refusal ?? !member) mismatches.compare(what(caller, other), answer, refusal ?? NOT_FOUND)
        else {
          const now = {
            ...(member as object),
            is_blocked: verb === 'block',
            ...(verb === 'block' && { status: 'canceled' }),
          }
          compareMember(answer, now as NonNullable<typeof member>, what(caller, other))
        }
      },
      { inTurn: true },
    )
    mismatches.done(1_010)
  })
}

const pathOf = (world: World, other: Named, verb: string) =>
  `${membersPath(world.communityId)}/${encodeURIComponent(other.id)}/${verb}`

function refusalOf(
  verb: 'block' | 'unblock',
  member: ReturnType<typeof expectMember>,
  figure?: Figure,
): Expected | null {
  if (!member) return NOT_FOUND
  const refuse = (message: string): Expected => ({ status: 422, body: { message } })
  if (verb === 'unblock') return member.is_blocked ? null : refuse('User is not blocked')
  // Whoever was blocked has been unblocked by the test before.
  return figure?.isCreator ? refuse('The creator cannot be blocked') : null
}

test('one refusal is one answer to the byte, whatever the cause', () => {
  for (const refusal of [CANNOT_SEND, CANNOT_VIEW, NOT_A_MEMBER, NOT_THE_CREATOR, NOT_FOUND, UNKNOWN_USER]) {
    const seen = forms.get(JSON.stringify(refusal.body))
    assert.equal(seen?.size, 1, `${JSON.stringify(refusal.body)}: ${[...(seen ?? [])].join(' | ')}`)
  }
})
