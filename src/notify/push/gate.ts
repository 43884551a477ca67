import type { Outcome } from '../../domain/delivery.ts'
import type { Verdict } from './verdict.ts'

export interface GateOptions {
  /** Attempts under way with one service. */
  readonly limit: number
  /** What one attempt takes at most, milliseconds. */
  readonly deadlineMs: number
  /** How long one waits for its turn, milliseconds; default: 1000. */
  readonly turnMs?: number
  /** Milliseconds, never going back. */
  readonly now?: () => number
}

interface Service {
  inFlight: number
  /** When an attempt last began or ended. */
  movedAt: number
  /** Each is told its number when it has its turn (and counts as in flight from then), else what to answer. */
  readonly queue: ((turn: number | Outcome) => void)[]
  /** No attempt before. */
  until: number
  /** How often in a row it failed; 0: it works. */
  failures: number
  /** The attempt from which on an outcome counts: older ones had begun before the pause. */
  since: number
  /** The attempt that tells whether it is back; 0: none. Those of before the pause tell nothing. */
  probe: number
  /** Devices for which it took nothing, since it last took something. */
  readonly crowded: Set<string>
}

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** Devices that are told to wait one after the other until it is taken for the service that is full. */
const CROWD = 3
/** How many wait for their turn. The worker has fewer under way; this is against one that has not. */
const QUEUE = 256
/** Services (for web push anybody's origin), and devices that are waited for, each. */
const MEMORY = 10_000

/**
 * Who may try now, by service: for a service that hangs, nobody waits but one.
 *
 * - A failure pauses the service for 1 s, and twice as long for each one more up to 60 s. Attempts of before the pause
 *   do not count again, or eight under way at once would make a minute of one short cut. After a pause a single attempt
 *   goes first; the others go when it is answered.
 * - What a service asks for (5xx with Retry-After) is waited out in full.
 * - 429 is said of one device (APNs always, FCM and web push often): it pauses that device alone, or whoever floods
 *   their own phone would silence everybody's. Three devices in a row, with nothing taken in between, are the service.
 * - Beyond `limit` attempts wait in a queue, not as `paused`: at a service that works the turn comes within
 *   milliseconds, while `paused` costs a write. The queue is sent away as soon as the service is paused, and whoever
 *   has no turn within a second at once: what has begun to hang is known to hang only after the deadline, and until
 *   then must not hold the worker's places but those of the attempts themselves.
 */
export class Gate {
  readonly #limit: number
  readonly #deadlineMs: number
  readonly #turnMs: number
  readonly #now: () => number
  readonly #services = new Map<string, Service>()
  readonly #devices = new Map<string, number>()
  #attempts = 0

  constructor({ limit, deadlineMs, turnMs = 1000, now = () => performance.now() }: GateOptions) {
    this.#limit = limit
    this.#deadlineMs = deadlineMs
    this.#turnMs = turnMs
    this.#now = now
  }

  /** How many services are remembered: none that is at work or paused is missing. For tests and metrics. */
  get size(): number {
    return this.#services.size
  }

  /**
   * Makes the attempt, or answers `paused` at once with the rest of the pause.
   * @param service its origin or name
   * @param device its id
   * @param attempt must not throw
   */
  async pass(service: string, device: string, attempt: () => Promise<Verdict>): Promise<Outcome> {
    const held = this.#rest(device)
    if (held > 0) return paused(held)
    const state = this.#stateOf(service)
    const closed = this.#closed(state)
    if (closed) return closed
    const room = state.inFlight < this.#limit
    const turn = room ? this.#enter(state) : await this.#queue(state)
    if (typeof turn !== 'number') return turn
    const verdict = await attempt()
    state.inFlight--
    state.movedAt = this.#now()
    if (state.probe === turn) state.probe = 0
    this.#learn(state, device, turn, verdict)
    this.#next(state)
    this.#forgetIdle(service, state)
    return verdict.outcome
  }

  /** @returns the attempt's number: later ones have higher ones */
  #enter(state: Service): number {
    state.inFlight++
    state.movedAt = this.#now()
    this.#attempts++
    if (state.failures > 0) state.probe = this.#attempts
    return this.#attempts
  }

  async #queue(state: Service): Promise<number | Outcome> {
    const stuck = this.#now() - state.movedAt > this.#turnMs
    if (stuck || state.queue.length >= QUEUE) return paused(FIRST_PAUSE_MS)
    return new Promise((resolve) => {
      const tell = (turn: number | Outcome) => {
        clearTimeout(timer)
        resolve(turn)
      }
      const timer = setTimeout(() => {
        state.queue.splice(state.queue.indexOf(tell), 1)
        resolve(paused(FIRST_PAUSE_MS))
      }, this.#turnMs)
      state.queue.push(tell)
    })
  }

  #closed(state: Service): Outcome | null {
    const rest = state.until - this.#now()
    if (rest > 0) return paused(rest)
    // One attempt tells whether it is back. How long that takes is not known, so: as long as the pause was.
    if (state.probe > 0) return paused(Math.min(pauseAfter(state.failures), this.#deadlineMs))
    return null
  }

  #learn(state: Service, device: string, number: number, { outcome, service }: Verdict): void {
    const asked = outcome.kind === 'later' ? (outcome.afterMs ?? FIRST_PAUSE_MS) : 0
    if (service === 'crowded') {
      remember(this.#devices, device, this.#now() + asked)
      state.crowded.add(device)
      if (state.crowded.size === CROWD) {
        state.crowded.clear()
        this.#pause(state, number, Math.min(asked, LONGEST_PAUSE_MS))
      }
    } else if (service === 'asks') this.#pause(state, number, asked)
    else if (number < state.since) return
    else if (service === 'ill') this.#pause(state, number, pauseAfter(state.failures + 1))
    else if (service === 'well') {
      state.failures = 0
      state.crowded.clear()
    }
  }

  #pause(state: Service, number: number, ms: number): void {
    state.until = Math.max(state.until, this.#now() + ms)
    if (number < state.since) return
    state.failures++
    state.since = this.#attempts + 1
  }

  /** While it is paused nobody waits. */
  #next(state: Service): void {
    while (state.queue.length > 0) {
      const closed = this.#closed(state)
      if (!closed && state.inFlight >= this.#limit) return
      state.queue.shift()?.(closed ?? this.#enter(state))
    }
  }

  #stateOf(service: string): Service {
    const known = this.#services.get(service)
    const state = known ?? {
      inFlight: 0,
      movedAt: 0,
      queue: [],
      until: 0,
      failures: 0,
      since: 0,
      probe: 0,
      crowded: new Set(),
    }
    remember(this.#services, service, state)
    return state
  }

  /** Only what is at work or paused is kept. */
  #forgetIdle(service: string, state: Service): void {
    const busy = state.inFlight > 0 || state.queue.length > 0
    const calm = state.failures === 0 && state.crowded.size === 0
    if (!busy && calm && this.#services.get(service) === state) this.#services.delete(service)
  }

  #rest(device: string): number {
    const rest = (this.#devices.get(device) ?? 0) - this.#now()
    if (rest <= 0) this.#devices.delete(device)
    return rest
  }
}

function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS)
}

function paused(afterMs: number): Outcome {
  return { kind: 'paused', afterMs: Math.ceil(afterMs) }
}

/** The newest last; beyond the bound the oldest is forgotten, which costs one attempt too early. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > MEMORY && oldest !== undefined) map.delete(oldest)
}
