import type { Member, MemberList, Snug } from '../../../client/src/index.ts'
import { type Cell, cell } from '../app/use.ts'

export type MemberStatus = 'active' | 'canceled' | 'blocked'

export interface MemberPages {
  readonly state: 'loading' | 'ready' | 'failed'
  readonly members: readonly Member[]
  readonly total: number
  readonly counts: MemberList['counts'] | null
}

export interface Members extends Pick<Cell<MemberPages>, 'getSnapshot' | 'subscribe'> {
  loadMore(): void
  /** Takes the place of the same member as it was. */
  put(member: Member): void
  close(): void
}

const PER_PAGE = 50

/** The members of a community, page by page. */
export function createMembers(
  snug: Snug,
  community: string,
  query: { readonly status: MemberStatus; readonly search: string | undefined },
): Members {
  const pages = cell<MemberPages>({ state: 'loading', members: [], total: 0, counts: null })
  const control = new AbortController()
  let loading = false
  let page = 0
  const loadMore = async () => {
    const { members, total, state } = pages.getSnapshot()
    if (loading || (state === 'ready' && members.length >= total)) return
    loading = true
    try {
      const { signal } = control
      const answer = await snug.members.list(community, {
        ...query,
        page: page + 1,
        perPage: PER_PAGE,
        signal,
      })
      page++
      const known = new Set(members.map(({ id }) => id))
      const fresh = answer.data.filter(({ id }) => !known.has(id))
      // Somebody may have gone from the list meanwhile, and all have moved up: the end is where no page is left.
      const all = [...pages.getSnapshot().members, ...fresh]
      pages.set({
        state: 'ready',
        members: all,
        total: answer.has_more ? answer.total : all.length,
        counts: answer.counts,
      })
    } catch {
      if (!control.signal.aborted) pages.set({ ...pages.getSnapshot(), state: 'failed' })
    } finally {
      loading = false
    }
  }
  void loadMore()
  return {
    ...pages,
    loadMore: () => void loadMore(),
    put(member) {
      const before = pages.getSnapshot()
      pages.set({ ...before, members: before.members.map((one) => (one.id === member.id ? member : one)) })
    },
    close: () => control.abort(),
  }
}
