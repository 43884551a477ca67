import type { Line } from './outcome.ts'

/** One letter's leave to go; it is told once what came of it. */
export interface Pass {
  done(line: Line): void
}

export interface Pause {
  /** A pass, or how many milliseconds to wait. */
  enter(): Pass | number
  /** How long nothing is to be sent; 0: something may be tried. */
  restMs(): number
}

export interface PauseOptions {
  readonly firstMs?: number
  readonly longestMs?: number
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
  /** Told at the first failure of a row (the pause's length), and at its end (null). */
  readonly told?: (pauseMs: number | null) => void
}

/** Lines that break one after another, with nothing that worked in between, before the server is taken for dead. */
const CUTS_MAX = 3

/**
 * A pause of the whole service while its server cannot be reached, so that thousands of letters do not each wait for a
 * time-out: 1 s, doubling up to 30 s. When it is over a single letter goes as a probe, and everything else waits for what
 * becomes of it. One line that breaks is no reason: that may be the letter.
 */
export function createPause(options: PauseOptions = {}): Pause {
  const { firstMs = 1_000, longestMs = 30_000, now = () => performance.now(), told = () => {} } = options
  let pauseMs = 0
  let until = 0
  let probing = false
  let cuts = 0
  // Letters that were on their way when a pause began have nothing new to say: ten of them would make it 1,000 s.
  let era = 0

  const work = () => {
    cuts = 0
    if (pauseMs === 0) return
    pauseMs = 0
    era++
    told(null)
  }
  const fail = () => {
    pauseMs = pauseMs === 0 ? firstMs : Math.min(pauseMs * 2, longestMs)
    until = now() + pauseMs
    era++
    if (pauseMs === firstMs) told(pauseMs)
  }
  return {
    restMs: () => (pauseMs === 0 ? 0 : Math.max(0, Math.ceil(until - now()))),
    enter() {
      if (pauseMs > 0) {
        const rest = Math.ceil(until - now())
        if (rest > 0) return rest
        if (probing) return firstMs
        probing = true
      }
      const probe = probing && pauseMs > 0
      const since = era
      return {
        done(line) {
          if (probe) probing = false
          if (line === 'answered') return work()
          if (since !== era) return
          if (probe || line === 'unreachable' || ++cuts >= CUTS_MAX) fail()
        },
      }
    },
  }
}
