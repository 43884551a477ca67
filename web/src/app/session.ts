import { forLong, forThisTab } from './kept.ts'

/** Who is signed in, and by what. */
export interface Session {
  /** The user's id; null: nobody is. */
  readonly user: string | null
  /** A token that holds. @throws when there is none: `signedOut` has been told */
  token(): Promise<string>
  /** The token was refused, or is of nobody. */
  refused(): void
}

interface Claims {
  readonly sub?: string
  readonly exp?: number
}

/** What a token says of itself; nothing is checked, the server does that. */
export function claimsOf(token: string): Claims {
  try {
    const part = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (one) => one.charCodeAt(0))))
  } catch {
    return {}
  }
}

const holds = (token: string) => (claimsOf(token).exp ?? 0) * 1_000 > Date.now()

/**
 * The page's own: by a link with `#token=…`, which is taken out of the address bar at once, so that it is in no history, bookmark or
 * screenshot. Kept in the tab's storage alone.
 * @param signedOut there is no token that holds any more
 */
export function sessionOfPage(signedOut: () => void): Session {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null) {
    history.replaceState(history.state, '', location.pathname + location.search)
    forThisTab.set('token', given)
  }
  // Another one's place to come back to, drafts and unsent messages are not this one's: they are kept by user.
  const user = claimsOf(forThisTab.get('token') ?? '').sub ?? (navigator.onLine ? null : forLong.get('user'))
  if (user !== null) forLong.set('user', user)
  return {
    user,
    async token() {
      const token = forThisTab.get('token')
      if (token !== null && holds(token)) return token
      // Without a line nobody can sign in, and what is kept can be read: the token is of no use to anybody.
      if (!navigator.onLine && user !== null) return placeholderOf(user)
      signedOut()
      throw new Error('signed out')
    },
    refused() {
      forThisTab.set('token', null)
      signedOut()
    },
  }
}

/** By a page of the host's, which answers with a token: JSON with `access_token`, or the token alone. */
export async function sessionOfHost(tokenUrl: string, signedOut: () => void): Promise<Session> {
  const ask = async () => {
    const answer = await fetch(tokenUrl, { credentials: 'include', headers: { accept: 'application/json' } })
    if (!answer.ok) {
      signedOut()
      throw new Error(`no token: ${answer.status}`)
    }
    const text = (await answer.text()).trim()
    return text.startsWith('{') ? (JSON.parse(text) as { access_token: string }).access_token : text
  }
  let first: string | null = await ask()
  return {
    user: claimsOf(first).sub ?? null,
    async token() {
      const token = first ?? (await ask())
      first = null
      return token
    },
    refused: signedOut,
  }
}

function placeholderOf(user: string): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ sub: user }))
  return `e30.${btoa(String.fromCharCode(...bytes))}.`
}
