import { useEffect, useState } from 'preact/hooks'
import type { Community, Conversation, InboxSnapshot } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { useLater, useMade, useStore } from '../app/use.ts'
import { Notice } from '../ui/notice.tsx'
import { Search } from '../ui/search.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Windowed } from '../ui/windowed.tsx'
import { words } from '../words/index.ts'
import { ConversationRow, ROW_HEIGHT } from './row.tsx'

type Tab = 'all' | 'unread' | 'awaiting_reply'

const PER_PAGE = 50
// Whoever types is not asked for at every key.
const SEARCH_AFTER_MS = 200

/** The conversations of a community: tabs, search, and the list, live. */
export function Conversations({ community }: { community: Community }) {
  const { snug, router } = useInbox()
  const { user: open } = useStore(router)
  const [tab, setTab] = useState<Tab>('all')
  const [typed, setTyped] = useState('')
  const q = useLater(typed.trim(), SEARCH_AFTER_MS)
  const filter = tab === 'all' ? undefined : tab
  const inbox = useMade(
    () => snug.inbox(community.id, { filter, q: q || undefined, perPage: PER_PAGE }),
    [snug, community.id, filter, q],
  )
  const snapshot = useStore(inbox)
  const isCreator = community.role === 'creator'
  const tabs: readonly (readonly [Tab, string])[] = [
    ['all', words.all],
    ['unread', words.unread],
    ['awaiting_reply', words.awaitingReply],
  ]
  return (
    <>
      <Search label={words.search} value={typed} onChange={setTyped} />
      <Tabs label={words.conversations} tabs={tabs} chosen={tab} onChoose={setTab} />
      <List
        key={`${community.id} ${tab} ${q}`}
        snapshot={snapshot}
        empty={<Empty community={community} tab={tab} searched={q !== ''} />}
        open={open}
        isCreator={isCreator}
        onEnd={() => {
          const { hasMore, loading } = inbox.getSnapshot()
          if (hasMore && !loading) void inbox.loadMore()
        }}
      />
    </>
  )
}

function List(props: {
  readonly snapshot: InboxSnapshot
  readonly empty: preact.ComponentChildren
  readonly open: string | null
  readonly isCreator: boolean
  readonly onEnd: () => void
}) {
  const { conversations, state, total, error } = props.snapshot
  // So that "2m" becomes "3m".
  useEveryMinute()
  if (conversations.length === 0) {
    if (state === 'loading') return <Notice busy text={error ? words.connecting : words.loading} />
    return <>{props.empty}</>
  }
  return (
    <Windowed
      label={words.conversations}
      items={conversations}
      rowHeight={ROW_HEIGHT}
      keyOf={keyOf}
      total={total}
      onEnd={props.onEnd}
      render={(conversation) => (
        <ConversationRow
          conversation={conversation}
          isOpen={conversation.user.id === props.open}
          isCreator={props.isCreator}
        />
      )}
    />
  )
}

// By the person: a conversation that ends and begins anew has another id, and stands for the same.
const keyOf = ({ user }: Conversation) => user.id

function Empty({ community, tab, searched }: { community: Community; tab: Tab; searched: boolean }) {
  const { router } = useInbox()
  const text = searched
    ? words.noneFound
    : { all: words.noConversations, unread: words.noneUnread, awaiting_reply: words.noneAwaiting }[tab]
  const creator = community.creator
  const isFirst = tab === 'all' && !searched
  return (
    <Notice text={text}>
      {isFirst && community.role === 'member' && (
        <button type="button" class="button button-main" onClick={() => router.go({ user: creator.id })}>
          <bdi>{words.writeFirst(creator.username)}</bdi>
        </button>
      )}
      {isFirst && community.role === 'creator' && (
        <button type="button" class="button button-main" onClick={() => router.go({ view: 'members' })}>
          {words.members}
        </button>
      )}
    </Notice>
  )
}

function useEveryMinute(): void {
  const [, draw] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => draw((n) => n + 1), 60_000)
    return () => clearInterval(timer)
  }, [])
}
