import fc from 'fast-check'
import { type Call, type Club, pairOf, type State } from './state.ts'

/** One step of a history: a command, or up to three at the same time, about two people of one community. */
export interface Step {
  /** Which community; the last is one that nobody told of. */
  readonly c: number
  readonly x: number
  /** A user, or, past the last, the community's creator at the time. */
  readonly y: number
  readonly parts: readonly Part[]
}

export interface Part {
  readonly do: keyof typeof COMMANDS
  /** Turns the two people round. */
  readonly turn: boolean
  /** Chooses whatever else there is to choose: content, key, depth, status. */
  readonly n: number
  /** Which server is asked. */
  readonly server: number
}

export interface Cast {
  readonly users: readonly string[]
  readonly communities: readonly string[]
}

const COMMANDS = {
  send: 32,
  'send with a key': 10,
  'send again': 8,
  delete: 16,
  read: 14,
  list: 4,
  thread: 4,
  block: 3,
  unblock: 5,
  end: 2,
  rejoin: 8,
  'change creator': 2,
  erase: 1,
  tell: 4,
} as const

// These two only tell of the state: what they answer beside a command that is not one transaction is left open.
const isView = (part: Part) => part.do === 'list' || part.do === 'thread'
const isWide = (part: Part) => ['end', 'rejoin', 'change creator', 'erase', 'tell'].includes(part.do)

const names = Object.entries(COMMANDS).map(([value, weight]) => ({
  arbitrary: fc.constant(value as Part['do']),
  weight,
}))
const part: fc.Arbitrary<Part> = fc.record({
  do: fc.oneof(...names),
  turn: fc.boolean(),
  n: fc.nat(999),
  server: fc.nat(1),
})
const parts = fc.oneof(
  { weight: 5, arbitrary: fc.array(part, { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(part, { minLength: 2, maxLength: 3 }) },
)
const nearly = (usual: fc.Arbitrary<number>, rare: number) =>
  fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(rare) })

/** @param longest the most steps of a history. Users are 0 to 4, 5 was never told of; 6 is the creator. */
export const historyOf = (longest: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      c: nearly(
        fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
        2,
      ),
      x: nearly(fc.oneof(fc.nat(4), fc.integer({ min: 1, max: 2 })), 5),
      y: nearly(fc.oneof({ weight: 4, arbitrary: fc.constant(6) }, { weight: 1, arbitrary: fc.nat(4) }), 5),
      parts,
    }),
    { minLength: 1, maxLength: longest, size: 'max' },
  )

/** The groups to run one after the other: a view is asked for afterwards where its answer would be left open. */
export function groupsOf(step: Step): Part[][] {
  if (step.parts.length === 1 || !step.parts.some(isWide)) return [[...step.parts]]
  return [step.parts.filter((part) => !isView(part)), ...step.parts.filter(isView).map((part) => [part])]
}

const NO_MESSAGE = '01900000-0000-7000-8000-000000000000'
const CONTENTS = ['hello', 'so long', '\u{1F943} slàinte', 'e\u0301 and é', ' two\nlines ', '']
const ENDED = ['canceled', 'past_due', 'unpaid', 'incomplete']

/** The call that a part of a step stands for, in the state of before. */
export function callOf(state: State, cast: Cast, step: Step, part: Part, sent: readonly Call[]): Call {
  const c = cast.communities[step.c] as string
  const club = state.communities.get(c)
  const user = (i: number) => (i === 6 ? (club?.creator ?? cast.users[0]) : cast.users[i]) as string
  // With themself only now and then.
  const one = user(step.x) === user(step.y) && part.n % 8 !== 0 ? user((step.x + 1) % 5) : user(step.x)
  const [x, y] = part.turn ? [user(step.y), one] : [one, user(step.y)]
  const { n } = part
  switch (part.do) {
    case 'send':
    case 'send with a key':
      return {
        do: 'send',
        c,
        by: x,
        to: y,
        content: contentOf(n),
        key: part.do === 'send' ? null : `key-${n % 4}`,
      }
    case 'send again':
      return again(sent, n, y) ?? { do: 'send', c, by: x, to: y, content: contentOf(n), key: `key-${n % 4}` }
    case 'delete':
      return deletion(club, c, x, y, n)
    case 'read': {
      const [by, other] = peopleOf(club, x, y, n)
      return { do: 'read', c, by, with: other, message: idAt(club, by, other, n) }
    }
    case 'list': {
      const filter = [null, 'unread', 'awaiting_reply'][n % 3] as string | null
      return {
        do: 'list',
        c,
        by: x,
        page: 1 + (n % 2),
        size: 1 + (n % 4),
        filter,
        q: n % 5 === 0 ? 'A' : null,
      }
    }
    case 'thread': {
      const [by, other] = peopleOf(club, x, y, n)
      return { do: 'thread', c, by, with: other, part: spanOf(club, by, other, n), size: 1 + (n % 4) }
    }
    default:
      return hostCall(state, club, cast, part, { c, x, y })
  }
}

function hostCall(
  state: State,
  club: Club | undefined,
  cast: Cast,
  { do: name, n }: Part,
  { c, x, y }: { c: string; x: string; y: string },
): Call {
  const members = [...(club?.members ?? [])]
  const creator = club?.creator
  switch (name) {
    case 'block':
    case 'unblock': {
      // Mostly somebody of whom it can be true.
      const fitting = members
        .filter(([, member]) => member.blocked === (name === 'unblock'))
        .map(([who]) => who)
      const who =
        n % 4 === 0 ? x : x !== creator && name === 'block' ? x : (fitting[n % (fitting.length || 1)] ?? x)
      return { do: name, c, who, by: n % 3 === 0 ? null : n % 7 === 0 ? y : (creator ?? y) }
    }
    case 'end':
      return { do: 'member', c, who: x, status: ENDED[n % ENDED.length] as string }
    case 'rejoin': {
      const ended = members.filter(([, { status }]) => status !== 'active').map(([who]) => who)
      const who = n % 3 === 0 ? x : (ended[n % (ended.length || 1)] ?? x)
      return { do: 'member', c, who, status: n % 5 === 0 ? 'trialing' : 'active' }
    }
    case 'change creator': {
      const old = [...(club?.pastCreators ?? [])]
      return { do: 'creator', c, who: (n % 2 === 0 ? old[n % (old.length || 1)] : x) ?? x }
    }
    case 'erase':
      return { do: 'erase', who: x }
    default: {
      const erased = cast.users.filter((id) => state.users.get(id)?.erased)
      const who =
        erased[n % (erased.length || 1)] ??
        (cast.users.slice(0, 5).includes(x) ? x : (cast.users[0] as string))
      return { do: 'tell', who, name: `${who.split('.')[1]} ${n % 3}` }
    }
  }
}

const contentOf = (n: number) => CONTENTS[n % 17 === 0 ? 5 : n % 5] as string

/** One of the last calls with a key once more: the same, or with something else in it. */
function again(sent: readonly Call[], n: number, to: string): Call | undefined {
  const last = sent.slice(-6)
  const call = last[n % (last.length || 1)]
  if (call?.do !== 'send') return undefined
  if (n % 5 === 1) return { ...call, content: `${call.content}?` }
  return n % 7 === 1 ? { ...call, to } : call
}

/** The two, or, where they have not written, mostly two others who have. */
function peopleOf(club: Club | undefined, x: string, y: string, n: number): readonly [string, string] {
  const threads = [...(club?.threads.values() ?? [])]
  const thread = threads[n % (threads.length || 1)]
  if (!thread || n % 4 === 0 || club?.threads.has(pairOf(x, y))) return [x, y]
  const [a, b] = thread.pair
  return n % 8 < 4 ? [a, b] : [b, a]
}

/** Mostly the sender's own, mostly the last. */
function deletion(club: Club | undefined, c: string, x: string, y: string, n: number): Call {
  const notes = club?.threads.get(pairOf(...peopleOf(club, x, y, n)))?.notes ?? []
  const note = notes.at(n % 5 === 0 ? -2 : -1)
  if (!note) return { do: 'delete', c, by: x, message: n % 2 === 0 ? NO_MESSAGE : 'no-uuid' }
  return { do: 'delete', c, by: n % 3 === 0 ? x : note.from, message: note.id }
}

function idAt(club: Club | undefined, x: string, y: string, n: number): string {
  const notes = club?.threads.get(pairOf(x, y))?.notes ?? []
  const elsewhere = [...(club?.threads.values() ?? [])].at(n % 5)?.notes.at(0)
  const note = n % 11 === 0 ? elsewhere : notes.at(n % 3 === 0 ? n % (notes.length || 1) : -1 - (n % 2))
  return note?.id ?? NO_MESSAGE
}

function spanOf(
  club: Club | undefined,
  x: string,
  y: string,
  n: number,
): Extract<Call, { do: 'thread' }>['part'] {
  switch (n % 4) {
    case 0:
      return { page: 1 + (n % 3) }
    case 1:
      return { page: 'last' }
    case 2:
      return { before: idAt(club, x, y, n) }
    default:
      return { after: idAt(club, x, y, n) }
  }
}
