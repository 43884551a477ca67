import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { type Community, Snug, type StreamState } from '../../../client/src/index.ts'
import { forLong, forThisTab } from './kept.ts'
import { fetchWithLastState, forgetLastState } from './offline.ts'
import type { Router } from './route.ts'
import type { Session } from './session.ts'
import { createThreads, type Threads } from './threads.ts'
import { unsentOf } from './unsent.ts'
import { type Cell, cell } from './use.ts'

/** The communities of the caller. */
export interface Communities {
  readonly state: 'loading' | 'ready' | 'failed' | 'unknown'
  readonly all: readonly Community[]
}

/** What every part of the inbox may use. */
export interface Inbox {
  readonly snug: Snug
  /** The caller's id. */
  readonly me: string
  readonly router: Router
  readonly threads: Threads
  readonly communities: Cell<Communities>
  readonly line: Cell<StreamState>
  /** Whether the browser has a network at all. */
  readonly online: Cell<boolean>
  /** Whether it is a page of its own: only there are a service worker and the sign-in its own. */
  readonly isPage: boolean
  /** Forgets whatever this browser keeps. */
  forget(): Promise<void>
  close(): void
}

export const InboxContext = createContext<Inbox>(null as never)
export const useInbox = (): Inbox => useContext(InboxContext)

const PER_PAGE = 100
// So many events may come at once; the counts of all communities are one request.
const REFRESH_MS = 1_500

export function createInboxApp(options: {
  readonly url: string
  readonly session: Session & { readonly user: string }
  readonly router: Router
  readonly isPage: boolean
}): Inbox {
  const { session, router } = options
  const snug = new Snug({
    url: options.url,
    token: () => session.token(),
    fetch: fetchWithLastState(session.user),
  })
  const communities = cell<Communities>({ state: 'loading', all: [] })
  const line = cell<StreamState>(snug.stream.state)
  const online = cell(navigator.onLine)
  const look = () => online.set(navigator.onLine)
  addEventListener('online', look)
  addEventListener('offline', look)
  const load = async () => {
    try {
      const { data } = await snug.communities.list({ perPage: PER_PAGE })
      communities.set({ state: 'ready', all: data })
    } catch (error) {
      const { status } = error as { status?: number }
      if (status === 401) {
        communities.set({ state: 'unknown', all: [] })
        session.refused()
      } else if (communities.getSnapshot().state !== 'ready') communities.set({ state: 'failed', all: [] })
    }
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void load()
    }, REFRESH_MS)
  }
  const ends = [
    snug.stream.onState((state) => line.set(state)),
    snug.stream.onFresh(() => void load()),
    snug.stream.on('*', ({ event }) => {
      if (event !== 'typing') soon()
    }),
  ]
  void load()
  const threads = createThreads(snug, unsentOf(session.user))
  return {
    ...{ snug, me: session.user, router, threads, communities, line, online, isPage: options.isPage },
    async forget() {
      forThisTab.clear()
      forLong.clear()
      await forgetLastState()
    },
    close() {
      clearTimeout(timer)
      removeEventListener('online', look)
      removeEventListener('offline', look)
      for (const end of ends) end()
      threads.close()
      snug.stream.close()
    },
  }
}
