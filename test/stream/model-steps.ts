import fc from 'fast-check'

/** What is done about one of the members and the creator of a community. */
export interface Part {
  readonly do: keyof typeof COMMANDS
  /** Which community: the one, or now and then the other. */
  readonly c: number
  /** Which of the users. */
  readonly x: number
  /** Turns the two people round. */
  readonly turn: boolean
  /** Chooses whatever else there is to choose. */
  readonly n: number
  /** Which server is asked, or come back to. */
  readonly server: number
}

/** A part, or several at the same time. */
export type Step = readonly Part[]

export interface Plan {
  /** How many of the users have a client: the creator, a member, the other member. */
  readonly clients: number
  readonly perPage: number
  /** Which of the clients have server-sent events, one bit for each. */
  readonly events: number
  /** Everything that there is to be shown is shown. */
  readonly wide: boolean
}

export interface History {
  readonly plan: Plan
  readonly steps: readonly Step[]
  /** A transaction that is held open is outlasted by all that streams allow for without asking whether one runs. */
  readonly outlasts?: boolean
  /** Before this step as much time goes by: what was changed until then is not told again by itself. */
  readonly rests?: number
}

const COMMANDS = {
  send: 30,
  'send by the client': 10,
  'send with a key': 6,
  delete: 14,
  read: 10,
  typing: 2,
  block: 3,
  unblock: 5,
  end: 3,
  rejoin: 5,
  rename: 3,
  'change creator': 2,
  erase: 1,
  cut: 14,
  'come back': 16,
  hold: 4,
} as const

const names = Object.entries(COMMANDS).map(([value, weight]) => ({
  arbitrary: fc.constant(value as Part['do']),
  weight,
}))
const part: fc.Arbitrary<Part> = fc.record({
  do: fc.oneof(...names),
  c: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  x: fc.nat(2),
  turn: fc.boolean(),
  n: fc.nat(999),
  server: fc.nat(2),
})
const step = fc.oneof(
  { weight: 3, arbitrary: fc.array(part, { minLength: 1, maxLength: 1 }) },
  { weight: 2, arbitrary: fc.array(part, { minLength: 2, maxLength: 4 }) },
)
const plan: fc.Arbitrary<Plan> = fc.record({
  clients: fc.constantFrom(2, 2, 3),
  perPage: fc.constantFrom(20, 20, 2, 1),
  events: fc.constantFrom(0, 0, 1, 2, 5),
  wide: fc.constantFrom(false, false, false, true),
})

export const history: fc.Arbitrary<History> = fc.record({
  plan,
  steps: fc.array(step, { minLength: 3, maxLength: 6, size: 'max' }),
})

const only = (name: Part['do']): fc.Arbitrary<Part> => part.map((one) => ({ ...one, do: name }))
const away = fc.array(fc.oneof(only('cut'), only('cut'), part), { minLength: 1, maxLength: 4 })
const back = fc.array(only('come back'), { minLength: 2, maxLength: 4 })

/** What began early is committed late, and some have gone before it and come back after it. */
export const lateHistory: fc.Arbitrary<History> = fc.record({
  plan: plan.map((one) => ({ ...one, clients: 3, wide: true })),
  steps: fc
    .tuple(
      fc.array(
        fc.tuple(
          only('send').map((one) => ({ ...one, c: 1 })),
          part,
        ),
        { minLength: 1, maxLength: 2 },
      ),
      fc.tuple(only('hold')),
      away,
      back,
      fc.array(step, { maxLength: 1 }),
    )
    .map(([before, hold, gone, returned, after]) => [...before, hold, gone, returned, ...after]),
  outlasts: fc.constant(true),
})

const anywhere = part.map((one) => ({ ...one, c: one.n % 2 }))
const begun = fc.array(
  fc.array(
    only('send').map((one) => ({ ...one, c: one.n % 2 })),
    { minLength: 2, maxLength: 4 },
  ),
  {
    minLength: 2,
    maxLength: 2,
  },
)

/** What has been quiet for a while changes while clients are away. */
export const restingHistory: fc.Arbitrary<History> = fc.record({
  plan: plan.map((one) => ({ ...one, clients: 3, wide: true })),
  steps: fc
    .tuple(
      begun,
      fc.array(only('cut'), { minLength: 1, maxLength: 3 }),
      fc.array(anywhere, { minLength: 1, maxLength: 3 }),
      back,
    )
    .map(([before, gone, meanwhile, returned]) => [...before, gone, meanwhile, returned]),
  rests: fc.constant(2),
})
