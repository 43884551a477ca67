/**
 * How many exchanges at once are worth having: more only for as long as that sends more. A service that is at its limit gets no
 * faster by being asked by many, and whatever is under way when a process is killed may come twice.
 */
export interface Slots {
  /** How many now. */
  limit(): number
  /** One exchange has ended. @param pressed whether others had waited for its slot: only then does the pace tell anything */
  done(pressed: boolean): void
}

const AT_FIRST = 1
const ROUND = 30
const ROUND_PER_SLOT = 10
// Trials again after so many rounds, since services change.
const REST_ROUNDS = 10

type Trial = 'more' | 'fewer' | 'none'

export interface SlotsOptions {
  /** The bound that is configured. */
  readonly most: number
  /**
   * The part, up to 1, of what more slots could bring at best that they have to bring, and that fewer must lose to be too few. A
   * channel that shares its bottleneck with another takes some of the other's part with each slot: that is about half.
   */
  readonly worth: number
  /** Milliseconds that an exchange has to take before more at once are tried. */
  readonly far: number
  /** Milliseconds, never going back. */
  readonly clock?: () => number
}

/** Always as many. */
export function fixedSlots(most: number): Slots {
  return { limit: () => most, done() {} }
}

/** As many as bring something, found out by trying more and fewer. */
export function createSlots({ most, worth, far, clock = () => performance.now() }: SlotsOptions): Slots {
  let settled = Math.min(AT_FIRST, most)
  let limit = settled
  let trial: Trial = 'none'
  let pace = 0
  let rest = 0
  let ended = 0
  let began = clock()

  const begin = (next: Trial, slots: number) => {
    trial = next
    limit = Math.max(1, Math.min(most, slots))
  }
  const tryMore = () => {
    // By Little's law: what is under way, divided by what ends in a millisecond.
    if (settled / pace >= far && settled < most) begin('more', Math.ceil(settled * 1.5))
    else tryFewer()
  }
  const tryFewer = () => {
    if (settled > 1) begin('fewer', Math.floor((settled * 2) / 3))
    else stay()
  }
  const stay = () => {
    rest = REST_ROUNDS
    begin('none', settled)
  }
  const judge = (measured: number) => {
    const enough = pace * (1 + worth * (limit / settled - 1))
    if (trial !== 'none' && measured > enough) {
      settled = limit
      pace = measured
      if (trial === 'more') tryMore()
      else tryFewer()
    } else if (trial === 'more') tryFewer()
    else if (trial === 'fewer') stay()
    else if (rest > 0) rest--
    else {
      pace = measured
      tryMore()
    }
  }
  return {
    limit: () => limit,
    done(pressed) {
      if (!pressed) {
        ended = 0
        began = clock()
        return
      }
      if (++ended < Math.max(ROUND, ROUND_PER_SLOT * limit)) return
      judge(ended / Math.max(clock() - began, 0.001))
      ended = 0
      began = clock()
    },
  }
}
