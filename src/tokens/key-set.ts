import { FetchFault, fetchJson } from './fetch-json.ts'
import { findKey, type Key, readKeys } from './jwks.ts'
import type { KeyAlgorithm } from './signature.ts'

/** The host's published keys, as of the last fetch that succeeded. */
export interface KeySet {
  find(alg: KeyAlgorithm, kid: string | undefined): Key | undefined
  /**
   * To be called for a key that is not here. Settles, never rejects, when a fetch has ended; null when there is
   * nothing to wait for, since one ended a moment ago.
   */
  refresh(): Promise<void> | null
  /** Ends timer and fetch; the keys that are known stay. */
  close(): void
}

export interface KeySetOptions {
  readonly url: string
  /** Unix milliseconds. */
  readonly now: () => number
  readonly log: (line: string) => void
  /** The keys are others than before: what was concluded from the old ones is void. */
  readonly onChange: () => void
  readonly refreshMs?: number
  readonly retryMs?: number
  readonly deadlineMs?: number
}

/**
 * Anybody can invent key ids, so an unknown one is worth at most one fetch in this time. The price: a key that
 * is used in the same moment it is published can be refused for as long.
 */
const COOLDOWN_MS = 30_000
/** Shorter after a failure: until a fetch succeeds, honest users may be locked out. */
const FAILED_COOLDOWN_MS = 5_000

/**
 * Fetches the keys at once, then every ten minutes (every minute while that fails), and when an unknown key is
 * asked for. While the host does not answer, the keys that are known go on working: its outage must not be ours.
 */
export function createKeySet(options: KeySetOptions): KeySet {
  const { url, now, log, onChange, refreshMs = 600_000, retryMs = 60_000, deadlineMs = 3_000 } = options
  const closing = new AbortController()
  let keys: readonly Key[] = []
  let fetching: Promise<void> | null = null
  let endedAt = 0
  let cooldown = 0
  let timer: NodeJS.Timeout | undefined

  async function load(): Promise<boolean> {
    try {
      const fetched = readKeys(await fetchJson(url, deadlineMs, closing.signal))
      if (fetched.length === 0) log(`JWKS of ${new URL(url).host} holds no key that can be used`)
      const changed = printOf(fetched) !== printOf(keys)
      keys = fetched
      if (changed) onChange()
      return true
    } catch (error) {
      const reason = error instanceof FetchFault ? error.message : 'not a JWKS'
      if (!closing.signal.aborted) log(`JWKS of ${new URL(url).host} could not be read: ${reason}`)
      return false
    }
  }

  async function run(): Promise<void> {
    const loaded = await load()
    endedAt = now()
    cooldown = loaded ? COOLDOWN_MS : FAILED_COOLDOWN_MS
    fetching = null
    if (closing.signal.aborted) return
    clearTimeout(timer)
    timer = setTimeout(start, loaded ? refreshMs : retryMs).unref()
  }

  function start(): Promise<void> {
    fetching ??= run()
    return fetching
  }

  start()
  return {
    find: (alg, kid) => findKey(keys, alg, kid),
    refresh() {
      const since = now() - endedAt
      // A clock that was set back must not lengthen the cooldown.
      const cooling = since >= 0 && since < cooldown
      return cooling || closing.signal.aborted ? null : start()
    },
    close() {
      closing.abort()
      clearTimeout(timer)
    },
  }
}

function printOf(keys: readonly Key[]): string {
  return JSON.stringify(keys.map(({ alg, kid, pem }) => [alg, kid, pem]).sort())
}
