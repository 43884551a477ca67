import { errorOf, noAnswer, type SnugError } from './errors.ts'
import { abortable, backoff, pause, stopIfAborted, type Timing } from './timing.ts'
import type { Tokens } from './token.ts'

/** What every call takes besides its own. */
export interface Abortable {
  /** Ends the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

export interface Ask extends Abortable {
  readonly method?: string
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** For fetch as it is, besides. */
  readonly init?: object
  /** When it may be tried again. Default: `ALWAYS`. */
  readonly again?: number
  /** Reads the answer. Default: JSON, or undefined of a 204. */
  readonly read?: (response: Response) => unknown
  /** The answer's body is read later: the signal goes on to hold for it, and there is no time-out. */
  readonly streamed?: boolean
}

/** @throws {SnugError} of the class that fits; the signal's reason; what `token` rejects with */
export type Request = <T>(path: string, ask?: Ask) => Promise<T>

export interface RequestDeps {
  readonly url: string
  readonly fetch: typeof fetch
  readonly tokens: Pick<Tokens, 'get' | 'refuse'>
  readonly timing: Timing
}

/** Doing it twice is the same as doing it once. */
export const ALWAYS = 2
/** Only where the answer says that it was not done. */
export const WHEN_REFUSED = 1
export const NEVER = 0
// Six tries, with 12 s of waiting between them at the most.
const TRIES = 6
const WAIT_MS = 400
const WAIT_MAX_MS = 10_000
// Whoever is told to wait for longer is better told so.
const RETRY_AFTER_MAX_S = 60
const TIMEOUT_MS = 30_000

/** How everything is asked for: with a token, with retries, and with errors that have a type. */
export function createRequest({ url, fetch, tokens, timing }: RequestDeps): Request {
  return async <T>(path: string, ask: Ask = {}): Promise<T> => {
    const { signal, again = ALWAYS } = ask
    let unclear = false
    let refreshed = false
    for (let tries = 0; ; tries++) {
      const token = await abortable(tokens.get(), signal)
      const { error, result } = await attempt(token, path, ask)
      if (!error) return result as T
      const { status, retryAfter } = error
      if (status === 401 && !refreshed && again > NEVER && tokens.refuse(token)) {
        refreshed = true
        continue
      }
      // An earlier try may have done it.
      if (status === 404 && unclear && ask.method === 'DELETE') return undefined as T
      const lost = status === 0 || status > 499
      unclear ||= lost
      const mayRetry = status === 429 ? again > NEVER : lost && again === ALWAYS
      if (!mayRetry || tries + 1 >= TRIES || retryAfter > RETRY_AFTER_MAX_S) throw error
      await pause(timing, Math.max(retryAfter * 1000, backoff(timing, tries, WAIT_MS, WAIT_MAX_MS)), signal)
    }
  }

  async function attempt(
    token: string,
    path: string,
    ask: Ask,
  ): Promise<{ error?: SnugError; result?: unknown }> {
    const { method = 'GET', query, body, signal, read = readJson, streamed } = ask
    // Not AbortSignal.any, which React Native does not have.
    const control = new AbortController()
    const abort = () => control.abort(signal?.reason)
    signal?.addEventListener('abort', abort)
    const timer = streamed ? undefined : timing.timers.setTimeout(() => control.abort(), TIMEOUT_MS)
    try {
      const response = await fetch(url + path + searchOf(query), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...ask.headers,
        },
        signal: control.signal,
        // Undefined stays undefined.
        body: JSON.stringify(body),
        ...ask.init,
      })
      return response.ok ? { result: await read(response) } : { error: await errorOf(response) }
    } catch (cause) {
      stopIfAborted(signal)
      return { error: noAnswer(cause) }
    } finally {
      timing.timers.clearTimeout(timer)
      if (!streamed) signal?.removeEventListener('abort', abort)
    }
  }
}

const readJson = (response: Response) => (response.status === 204 ? undefined : response.json())

function searchOf(query: Ask['query'] = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${encodeURIComponent(value)}`,
  )
  return given[0] ? `?${given.join('&')}` : ''
}
