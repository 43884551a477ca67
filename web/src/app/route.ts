import { type Cell, cell } from './use.ts'

export type View = 'messages' | 'members' | 'insights' | 'settings'

/** What is shown. */
export interface Place {
  readonly community: string | null
  readonly view: View
  /** The thread with that user. */
  readonly user: string | null
}

export interface Router extends Pick<Cell<Place>, 'getSnapshot' | 'subscribe'> {
  /** Goes elsewhere; what is left out stays, but a thread is left with its view. */
  go(to: Partial<Place>, options?: { replace?: boolean }): void
  /** An address for a link, so that it can be opened in a tab of its own. */
  href(to: Partial<Place>): string
}

const VIEWS: readonly string[] = ['members', 'insights', 'settings']

function read(search: string): Place {
  const query = new URLSearchParams(search)
  const view = query.get('view') ?? ''
  return {
    community: query.get('community') || null,
    view: VIEWS.includes(view) ? (view as View) : 'messages',
    user: query.get('user') || null,
  }
}

function write({ community, view, user }: Place): string {
  const query = new URLSearchParams()
  if (community !== null) query.set('community', community)
  if (view !== 'messages') query.set('view', view)
  if (user !== null) query.set('user', user)
  const text = query.toString()
  return text === '' ? '.' : `?${text}`
}

const moved = (from: Place, to: Partial<Place>): Place => ({ ...from, view: 'messages', user: null, ...to })

/** By the page's address, as emails and notifications name it: `?community=…&user=…`. */
export function routerOfPage(): Router {
  const place = cell(read(location.search))
  addEventListener('popstate', () => place.set(read(location.search)))
  return {
    ...place,
    go(to, { replace = false } = {}) {
      const next = moved(place.getSnapshot(), to)
      const href = write(next)
      if (replace) history.replaceState(null, '', href)
      else history.pushState(null, '', href)
      place.set(next)
    },
    href: (to) => write(moved(place.getSnapshot(), to)),
  }
}

/** Within a page of the host's, whose address is its own. */
export function routerOfElement(community: string | null, user: string | null): Router {
  const place = cell<Place>({ community, view: 'messages', user })
  return { ...place, go: (to) => place.set(moved(place.getSnapshot(), to)), href: () => '#' }
}
