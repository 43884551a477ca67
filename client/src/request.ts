import { ConnectionError, errorOf, type SnugError, secondsOf } from './errors.ts'
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
  /** Sent as JSON, unless `headers` say otherwise. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /**
   * When it may be tried again: `always` (default) if doing it twice is the same as once, `refused` only where the answer
   * says that it was not done, or `never`.
   */
  readonly again?: 'always' | 'refused' | 'never'
  /** A 404 means that it is done, if an earlier try may have done it. */
  readonly goneIsDone?: boolean
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
    const { signal, again = 'always' } = ask
    let unclear = false
    let refreshed = false
    for (let tries = 0; ; tries++) {
      const token = await abortable(tokens.get(), signal)
      const { error, result, retryAfter = 0 } = await attempt(token, path, ask)
      if (!error) return result as T
      const { status } = error
      if (status === 401 && !refreshed && again !== 'never' && tokens.refuse(token)) {
        refreshed = true
        continue
      }
      if (status === 404 && unclear && ask.goneIsDone) return undefined as T
      const lost = status === 0 || status > 499
      unclear ||= lost
      const mayRetry = again === 'always' ? lost || status === 429 : again === 'refused' && status === 429
      if (!mayRetry || tries + 1 >= TRIES || retryAfter > RETRY_AFTER_MAX_S) throw error
      await pause(timing, Math.max(retryAfter * 1000, backoff(timing, tries, WAIT_MS, WAIT_MAX_MS)), signal)
    }
  }

  async function attempt(
    token: string,
    path: string,
    ask: Ask,
  ): Promise<{ error?: SnugError; result?: unknown; retryAfter?: number }> {
    const { method = 'GET', query, body, signal, read = readJson, streamed } = ask
    // Not AbortSignal.any, which React Native does not have.
    const control = new AbortController()
    const abort = () => control.abort(signal?.reason)
    signal?.addEventListener('abort', abort)
    const timer = streamed ? undefined : timing.timers.setTimeout(() => control.abort(), TIMEOUT_MS)
    const json = body !== undefined && !ask.headers?.['content-type']
    try {
      const response = await fetch(url + path + searchOf(query), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(json && { 'content-type': 'application/json' }),
          ...ask.headers,
        },
        signal: control.signal,
        ...(body !== undefined && { body: json ? JSON.stringify(body) : (body as string) }),
        ...(streamed && body !== undefined && { duplex: 'half' }),
      } as RequestInit)
      if (response.ok) return { result: await read(response) }
      return { error: await errorOf(response), retryAfter: secondsOf(response) }
    } catch (cause) {
      stopIfAborted(signal)
      return { error: new ConnectionError(0, ['No answer from the server'], null, { cause }) }
    } finally {
      timing.timers.clearTimeout(timer)
      if (!streamed) signal?.removeEventListener('abort', abort)
    }
  }
}

const readJson = (response: Response) => (response.status === 204 ? undefined : response.json())

function searchOf(query: Ask['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return given.length === 0
    ? ''
    : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(value as string)}`).join('&')}`
}
