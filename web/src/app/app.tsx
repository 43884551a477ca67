import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Community } from '../../../client/src/index.ts'
import { Conversations } from '../list/conversations.tsx'
import { ThreadPane } from '../thread/thread.tsx'
import { Notice } from '../ui/notice.tsx'
import { words } from '../words/index.ts'
import { type Inbox, InboxContext, useInbox } from './context.ts'
import { Line } from './line.tsx'
import { dropNotifications } from './push.ts'
import type { View } from './route.ts'
import { Top } from './top.tsx'
import { useStore } from './use.ts'

/** The inbox, from when somebody is signed in. */
export function App({ inbox }: { inbox: Inbox }) {
  return (
    <InboxContext.Provider value={inbox}>
      <Panes />
      <Line />
      <Said />
    </InboxContext.Provider>
  )
}

function Panes() {
  const { communities, router, isPage } = useInbox()
  // A host's page has its own.
  const [Main, Heading] = isPage ? (['main', 'h1'] as const) : (['div', 'h2'] as const)
  const { state, all } = useStore(communities)
  const place = useStore(router)
  const community = all.find(({ id }) => id === place.community) ?? all[0]
  useReadNotifications()
  useEffect(() => {
    if (community && place.community !== community.id)
      router.go({ community: community.id, view: place.view, user: place.user }, { replace: true })
  }, [community?.id, place.community])
  if (!community) {
    const text = {
      loading: words.loading,
      ready: words.noCommunities,
      failed: words.connecting,
      unknown: words.unknownUser,
    }[state]
    return (
      <Main class="alone">
        <Notice busy={state === 'loading' || state === 'failed'} text={text} />
      </Main>
    )
  }
  const isAside = place.user === null && place.view === 'messages'
  return (
    <Main class={`panes ${isAside ? 'shows-list' : 'shows-pane'}`}>
      <Heading class="hidden">{community.name}</Heading>
      <nav class="side" aria-label={words.conversations}>
        <Top community={community} all={all} view={place.view} />
        <Conversations key={community.id} community={community} />
      </nav>
      <div class="pane">
        <Pane community={community} view={place.view} user={place.user} />
      </div>
    </Main>
  )
}

function Pane({ community, view, user }: { community: Community; view: View; user: string | null }) {
  const isCreator = community.role === 'creator'
  if (user !== null) return <ThreadPane key={`${community.id} ${user}`} community={community} user={user} />
  if (view === 'members' && isCreator) return <Later key="members" load={members} community={community} />
  if (view === 'insights' && isCreator) return <Later key="insights" load={insights} community={community} />
  if (view === 'settings') return <Later key="settings" load={settings} community={community} />
  return <Notice text={words.chooseConversation} />
}

type Page = ComponentType<{ community: Community }>

// What most people seldom open is not part of what everybody loads.
const members = async (): Promise<Page> => (await import('../members/page.tsx')).MembersPage
const insights = async (): Promise<Page> => (await import('../insights/page.tsx')).InsightsPage
const settings = async (): Promise<Page> => (await import('../settings/page.tsx')).SettingsPage

function Later({ load, community }: { load: () => Promise<Page>; community: Community }) {
  const [page, setPage] = useState<{ Page: Page } | 'failed' | null>(null)
  useEffect(() => {
    load().then(
      (Page) => setPage({ Page }),
      () => setPage('failed'),
    )
  }, [load])
  if (page === 'failed') return <Notice text={words.failedToLoad} />
  return page ? <page.Page key={community.id} community={community} /> : <Notice busy text={words.loading} />
}

/** For screen readers: what comes from others, wherever the reader is, without taking the word from anybody. */
function Said() {
  const { snug, me } = useInbox()
  const [said, say] = useState<{ readonly id: string; readonly text: string } | null>(null)
  useEffect(() => {
    return snug.stream.on('message.created', ({ message: { id, sender, content } }) => {
      if (sender.id !== me) say({ id, text: words.says(sender.username, content) })
    })
  }, [snug, me])
  return (
    <div class="hidden" role="log" aria-live="polite">
      {said && <p key={said.id}>{said.text}</p>}
    </div>
  )
}

/** A conversation that is read, here or elsewhere, takes its notification away. */
function useReadNotifications(): void {
  const { snug, isPage } = useInbox()
  useEffect(() => {
    if (!isPage) return
    return snug.stream.on('conversation.read', ({ conversation_id, unread_count }) => {
      if (unread_count === 0) void dropNotifications((id) => id === conversation_id)
    })
  }, [snug, isPage])
}
