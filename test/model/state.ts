/** What the model remembers: plain maps, no keys, no positions, no SQL. Written from the contract alone. */
export interface State {
  readonly users: Map<string, Person>
  readonly communities: Map<string, Club>
  /** Every id that was ever given out: none may come twice. */
  readonly ids: Set<string>
  /** Counts sends: the order of the lists. */
  clock: number
}

export interface Person {
  readonly id: string
  readonly name: string
  readonly erased: boolean
}

export interface Club {
  readonly id: string
  readonly name: string
  creator: string
  readonly pastCreators: Set<string>
  readonly members: Map<string, Membership>
  readonly threads: Map<string, Thread>
  /** What was sent with an idempotency key, by sender and key. */
  readonly keys: Map<string, Note>
}

export interface Membership {
  readonly status: string
  readonly blocked: boolean
}

export interface Thread {
  /** Null until an answer has told it. */
  id: string | null
  readonly pair: readonly [string, string]
  notes: Note[]
  /** How many of the messages, from the first, each of the two has read. */
  readonly read: Map<string, number>
  offList: boolean
  /** When the latest message came, by the model's clock. */
  latest: number
}

export interface Note {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly content: string
  readonly createdAt: string
}

export type Call =
  | { do: 'send'; c: string; by: string; to: string; content: string; key: string | null }
  | { do: 'delete'; c: string; by: string; message: string }
  | { do: 'read'; c: string; by: string; with: string; message: string }
  | { do: 'block' | 'unblock'; c: string; who: string; by: string | null }
  | { do: 'member'; c: string; who: string; status: string }
  | { do: 'creator'; c: string; who: string }
  | { do: 'erase'; who: string }
  | { do: 'tell'; who: string; name: string }
  | { do: 'list'; c: string; by: string; page: number; size: number; filter: string | null; q: string | null }
  | { do: 'thread'; c: string; by: string; with: string; part: Part; size: number }
  | { do: 'communities'; by: string; page: number; size: number }
  | { do: 'members'; c: string; by: string; status: string }

export type Part = { page: number | 'last' } | { before: string } | { after: string }

export interface Told {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server answers, until it is compared
  readonly body: any
  readonly replayed: boolean
}

export const emptyState = (): State => ({
  users: new Map(),
  communities: new Map(),
  ids: new Set(),
  clock: 0,
})

export const pairOf = (a: string, b: string): string => [a, b].sort().join(' & ')

/** Messages never change in place, so they are shared between the copies. */
export function copyOf(state: State): State {
  return {
    users: new Map(state.users),
    communities: new Map(Array.from(state.communities, ([id, club]) => [id, copyOfClub(club)])),
    ids: new Set(state.ids),
    clock: state.clock,
  }
}

function copyOfClub(club: Club): Club {
  return {
    ...club,
    pastCreators: new Set(club.pastCreators),
    members: new Map(club.members),
    keys: new Map(club.keys),
    threads: new Map(
      Array.from(club.threads, ([pair, thread]) => [
        pair,
        { ...thread, notes: [...thread.notes], read: new Map(thread.read) },
      ]),
    ),
  }
}

/** Equal texts: equal states. Two orders of the same commands often end in one. */
export const textOf = (state: State): string => JSON.stringify(state, plain)

const plain = (_key: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set
    ? [...value].map((one) => JSON.stringify(one, plain)).sort()
    : value
