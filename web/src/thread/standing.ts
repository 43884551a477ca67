import { useEffect, useState } from 'preact/hooks'
import type { Community, Conversation } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { words } from '../words/index.ts'

/** Whether the two may write to each other, as far as it is known. */
export interface Standing {
  /** What stands in place of the composer; null: they may. */
  readonly notice: string | null
  readonly conversation: Conversation | null
}

const isOver = (status: string) => status !== 'active' && status !== 'trialing'

/** Asks once, and then hears it from the stream. What nobody has told is left to the server's refusal. */
export function useCanSend(community: Community, user: string): Standing {
  const { snug } = useInbox()
  const [conversation, setConversation] = useState<Conversation | null>(null)
  const [ended, setEnded] = useState(false)
  useEffect(() => {
    setConversation(null)
    setEnded(community.role === 'member' && community.creator.id === user && isOver(community.status))
    const control = new AbortController()
    const ask = async () => {
      // The newest conversations, of which a thread that is opened is nearly always one.
      const { data } = await snug.conversations.list(community.id, { perPage: 50, signal: control.signal })
      const found = data.find((one) => one.user.id === user)
      if (found) setConversation(found)
      else if (community.role === 'creator') {
        const { status } = await snug.members.get(community.id, user, { signal: control.signal })
        setEnded(isOver(status))
      }
    }
    ask().catch(() => {})
    const end = snug.stream.on('*', ({ event, data }) => {
      if (event === 'resync') void ask().catch(() => {})
      if (
        !('conversation' in data) ||
        data.community_id !== community.id ||
        data.conversation?.user.id !== user
      )
        return
      setConversation(data.conversation)
    })
    return () => {
      control.abort()
      end()
    }
  }, [snug, community.id, user])
  // Before anything is known of the conversation, the membership may be.
  return {
    notice: conversation ? noticeOf(conversation) : ended ? words.membershipEnded : null,
    conversation,
  }
}

function noticeOf({ can_send, cannot_send_reason: reason }: Conversation): string | null {
  if (can_send) return null
  if (reason === 'membership_ended') return words.membershipEnded
  return reason === 'creator_changed' ? words.creatorChanged : words.cannotSend
}
