/**
 * How many exchanges at once are worth having: more only for as long as that sends more. A service that is at its limit gets no
 * faster by being asked by many, and whatever is under way when a process is killed may come twice.
 */
export interface Slots {
  limit(): number
  /** One exchange has ended. @param pressed whether others had waited for its slot: only then does the pace tell anything */
  done(pressed: boolean): void
}

const AT_FIRST = 2
/**
 * The part of what more slots could bring at best that they have to bring, and that fewer slots must lose to be too few. A channel
 * that shares its bottleneck with another takes some of the other's part with each slot: that is less than half.
 */
const WORTH = 0.6
const ROUND = 50
const ROUND_PER_SLOT = 10
// Trials again after so many rounds, since services change.
const REST_ROUNDS = 10

type Trial = 'more' | 'fewer' | 'none'

/** @param most the bound that is configured @param clock milliseconds, never going back */
export function createSlots(most: number, clock: () => number = () => performance.now()): Slots {
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
  const judge = (measured: number) => {
    const worth = pace * (1 + WORTH * (limit / settled - 1))
    if (trial === 'more' && measured > worth) {
      settled = limit
      pace = measured
      begin('more', Math.ceil(settled * 1.5))
    } else if (trial === 'more') begin('fewer', Math.floor((settled * 2) / 3))
    else if (trial === 'fewer' && measured > worth) {
      settled = limit
      pace = measured
      begin('fewer', Math.floor((settled * 2) / 3))
    } else if (trial === 'fewer') {
      rest = REST_ROUNDS
      begin('none', settled)
    } else if (rest > 0) rest--
    else {
      pace = measured
      begin('more', Math.ceil(settled * 1.5))
    }
    if (trial !== 'none' && limit === settled) begin(trial === 'more' ? 'fewer' : 'none', settled)
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
