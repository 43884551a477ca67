/**
 * The last state, for when there is no line: answers of what the inbox shows first are kept, and given again when nobody answers. By
 * user, so that nobody sees another's.
 */
const PREFIX = 'snug-last-'
// The lists, and the newest pages of some threads.
const KEPT_MOST = 200
const WORTH_KEEPING = /\/api\/v1\/communities(\?|$)|\/messages\/|\/settings\/notifications/
// A page deep in a list or a thread is nothing to open on.
const DEEP = /[?&](before|after|q)=|[?&]page=([2-9]|\d\d)/

/** Wraps fetch. A browser that has no cache, as outside of a secure context, has no offline either. */
export function fetchWithLastState(user: string, call: typeof fetch = fetch): typeof fetch {
  const opened = globalThis.caches?.open(PREFIX + user).catch(() => null)
  if (!opened) return (...args) => call(...args)
  return async (input, init) => {
    const url = String(input)
    const keeps = (init?.method ?? 'GET') === 'GET' && WORTH_KEEPING.test(url) && !DEEP.test(url)
    if (!keeps) return call(input, init)
    const cache = await opened
    try {
      const answer = await call(input, init)
      if (answer.ok) void keep(cache, url, answer.clone())
      // What may not be seen any more is not kept either.
      else if (answer.status < 500) void cache?.delete(url)
      return answer
    } catch (error) {
      const last = init?.signal?.aborted ? undefined : await cache?.match(url)
      if (last) return last
      throw error
    }
  }
}

async function keep(cache: Cache | null, url: string, answer: Response): Promise<void> {
  try {
    await cache?.delete(url)
    await cache?.put(url, answer)
    const all = (await cache?.keys()) ?? []
    for (const oldest of all.slice(0, -KEPT_MOST)) await cache?.delete(oldest)
  } catch {
    // No room: there is a little less to see without a line.
  }
}

/** Forgets everybody's. */
export async function forgetLastState(): Promise<void> {
  for (const name of (await globalThis.caches?.keys()) ?? []) {
    if (name.startsWith(PREFIX)) await caches.delete(name)
  }
}
