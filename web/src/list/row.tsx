import type { Conversation } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { Avatar } from '../ui/avatar.tsx'
import { Link } from '../ui/link.tsx'
import { fullTime, shortTime } from '../ui/time.ts'
import { words } from '../words/index.ts'

/** In pixels: as the style sheet has it. */
export const ROW_HEIGHT = 76

/** Of a message's text, as far as one line could show. */
const PREVIEW_MOST = 160

/** One conversation of the list. A link, so that it can be opened in a tab of its own. */
export function ConversationRow(props: {
  readonly conversation: Conversation
  readonly isOpen: boolean
  readonly isCreator: boolean
}) {
  const { me } = useInbox()
  const { user, latest_message: latest, unread_count: unread } = props.conversation
  const mine = latest.sender.id === me
  const text = latest.content.slice(0, PREVIEW_MOST).replace(/\s+/g, ' ')
  const awaits = props.isCreator && !mine && props.conversation.can_send
  return (
    <Link
      to={{ user: user.id }}
      class={`row${unread > 0 ? ' row-unread' : ''}`}
      current={props.isOpen ? 'true' : undefined}
    >
      <Avatar user={user} />
      <span class="row-name">
        <bdi>{user.username === 'deleted' ? words.deletedUser : user.username}</bdi>
      </span>
      <time class="row-time" dateTime={latest.created_at} title={fullTime(latest.created_at)}>
        {shortTime(latest.created_at)}
      </time>
      <span class="row-text">
        <bdi dir="auto">{mine ? words.youSaid(text) : text}</bdi>
      </span>
      {unread > 0 ? (
        <span class="badge">
          <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
          <span class="hidden">{words.unreadCount(unread)}</span>
        </span>
      ) : (
        awaits && <span class="row-awaits">{words.awaitingYours}</span>
      )}
    </Link>
  )
}
