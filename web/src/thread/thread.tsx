import { useMemo, useRef, useState } from 'preact/hooks'
import type { Community, Conversation, ThreadMessage, User } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { isUnclear } from '../app/threads.ts'
import { useStore } from '../app/use.ts'
import { Icon } from '../ui/icons.tsx'
import { Notice } from '../ui/notice.tsx'
import { Scroll } from '../ui/scroll.tsx'
import { dayName } from '../ui/time.ts'
import { words } from '../words/index.ts'
import { Composer } from './composer.tsx'
import { DeleteMessage } from './delete.tsx'
import { ThreadHeader } from './header.tsx'
import { type Item, itemsOf } from './items.ts'
import { MessageRow } from './message.tsx'
import { useOpening, useReading } from './reading.ts'
import { useThreadScroll } from './scroll.ts'
import { useCanSend } from './standing.ts'

/** A conversation with somebody. */
export function ThreadPane({ community, user }: { community: Community; user: string }) {
  const { threads, me, line, ...inbox } = useInbox()
  const online = useStore(inbox.online)
  const isLive = useStore(line) === 'live' && online
  const thread = useMemo(() => threads.open(community.id, user), [threads, community.id, user])
  const snapshot = useStore(thread)
  const scroll = useThreadScroll(thread, snapshot)
  const { state: opening, newFrom } = useOpening(thread, community.id, user, scroll.aimAt)
  const standing = useCanSend(community, user)
  const [deleting, setDeleting] = useState<ThreadMessage | null>(null)
  const { messages, state, typing, total } = snapshot
  useReading(thread, snapshot, me, scroll.isAtEnd && opening === 'known')
  const unseen = useUnseen(messages, total, scroll.isAtEnd)
  const other = personOf(messages, user, standing.conversation, community)
  const items = useMemo(() => itemsOf(messages, me, newFrom), [messages, me, newFrom])
  if (state === 'hidden')
    return (
      <>
        <ThreadHeader community={community} other={other} typing={false} />
        <Notice text={words.hidden} />
      </>
    )
  const readTo = snapshot.readByOther?.position ?? 0
  const lastSent = messages.findLast((one) => one.status === 'sent')
  const lastMine = messages.findLast((one) => one.sender.id === me && one.status !== 'failed')
  const markOf = (message: ThreadMessage): string | null => {
    if (message.status === 'pending') return isLive ? words.sending : words.waitingForLine
    // It goes by itself when there is a line again.
    if (isUnclear(message) && !isLive) return words.waitingForLine
    // Whoever has answered has read it.
    if (message !== lastMine || message !== lastSent) return null
    return readTo >= (message.position ?? Infinity) ? words.read : words.sent
  }
  const draw = (item: Item) => {
    if (item.kind === 'day') return <span>{dayName(item.at)}</span>
    if (item.kind === 'new') return <span>{words.newMessages}</span>
    const { message, mine } = item
    return (
      <MessageRow
        {...item}
        mark={mine ? markOf(message) : null}
        canDelete={mine && message === lastSent && !snapshot.hasNewer}
        name={other.username}
        onDelete={setDeleting}
        onRetry={(one) => threads.retry(community.id, user, one)}
        onDiscard={(one) => threads.discard(community.id, user, one)}
      />
    )
  }
  return (
    <>
      <ThreadHeader community={community} other={other} typing={typing} />
      <Scroll
        class="thread"
        label={words.threadWith(other.username)}
        scroller={scroll.scroller}
        onScroll={scroll.onScroll}
      >
        {state === 'loading' && <Notice busy text={words.loading} />}
        {state === 'ready' && !snapshot.hasOlder && (
          <p class="beginning">{total === 0 ? words.sayHello(other.username) : words.beginning}</p>
        )}
        <ol data-items class="items">
          {items.map((item) => (
            <li
              key={item.key}
              class={`item item-${item.kind}`}
              data-key={item.key}
              data-message={item.kind === 'message' ? '' : undefined}
            >
              {draw(item)}
            </li>
          ))}
        </ol>
      </Scroll>
      {!scroll.isAtEnd && state === 'ready' && (
        <div class="jump">
          <button type="button" onClick={scroll.toEnd}>
            {unseen > 0 ? words.jumpToNew(unseen) : words.jumpToLatest}
            <Icon name="down" />
          </button>
        </div>
      )}
      {standing.notice !== null ? (
        <p class="ended">{standing.notice}</p>
      ) : (
        <Composer key={`${community.id} ${user}`} community={community.id} user={user} />
      )}
      {deleting && <DeleteMessage thread={thread} message={deleting} onClose={() => setDeleting(null)} />}
    </>
  )
}

function personOf(
  [message]: readonly ThreadMessage[],
  user: string,
  conversation: Conversation | null,
  community: Community,
): User {
  if (message) return message.sender.id === user ? message.sender : message.recipient
  if (conversation) return conversation.user
  return community.creator.id === user ? community.creator : { id: user, username: user, avatar_url: null }
}

/** How many messages have come since the end was last seen. */
function useUnseen(messages: readonly ThreadMessage[], total: number, isAtEnd: boolean): number {
  const seen = useRef(total)
  if (isAtEnd || messages.length === 0 || total < seen.current) seen.current = total
  return total - seen.current
}
