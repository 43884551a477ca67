import type { Face } from './face.ts'
import { same } from './known.ts'
import type { PendingMessages } from './pending.ts'
import type { Job } from './queue.ts'
import type { StoreEvent } from './store.ts'
import type { ConversationChanged } from './types.ts'
import { created, deleted, emptyWindow, isAtTail, lastOf, type Missing, type Window } from './window.ts'

export interface ThreadEventsDeps {
  readonly user: string
  readonly window: Window
  readonly face: Face
  readonly pending: PendingMessages
  readonly want: (job: Job) => void
  readonly jobs: Readonly<Record<Exclude<Missing, null>, Job>>
}

/** How a thread takes what the stream tells, and a refusal. */
export function threadEvents({ user, window, face, pending, want, jobs }: ThreadEventsDeps) {
  const fetchMissing = (missing: Missing) => {
    if (missing) want(jobs[missing])
  }
  const isAsHeld = ({ conversation, total }: ConversationChanged) => {
    const last = lastOf(window)
    if (!conversation || !last || !isAtTail(window) || total !== window.total) return false
    const { id, content, sender, created_at } = last
    return (
      same(conversation.latest_message, { id, content, created_at, sender }) &&
      same(conversation.user, face.people[1]) &&
      // Of an erased person, whose texts go a moment after the name.
      conversation.user.username !== 'deleted' &&
      // What was sent from here and is not among what is held has been deleted.
      !pending.sent()[0]
    )
  }
  const hide = () => {
    Object.assign(window, emptyWindow())
    pending.done(pending.sent())
    face.setTyping(false)
    face.state = 'hidden'
  }
  const apply = ({ event, data }: StoreEvent) => {
    if (('user_id' in data ? data.user_id : data.conversation.user.id) !== user) return
    if (event === 'typing') return face.setTyping(true)
    if (event === 'conversation.hidden') return hide()
    if (event === 'conversation.read') {
      face.read = data.message_id
      return
    }
    if (event === 'message.created' && data.message.sender.id === user) {
      face.setTyping(false)
      // Whoever writes has read what was there, also while nothing is shown yet.
      face.read = data.message.id
    }
    if (face.state !== 'ready' || event === 'conversation.shown') want(jobs.latest)
    else if (event === 'message.created') {
      const { message, position } = data
      // A name that has changed is in every message.
      if (face.meet(message)) want(jobs.whole)
      fetchMissing(created(window, message, position))
    } else if (event === 'message.deleted') {
      pending.deleted(data.message_id)
      fetchMissing(deleted(window, data.message_id, data.total))
    }
    // What is told live is a name or an erasure, and may be in every message.
    else if (event === 'conversation.updated' || !isAsHeld(data)) want(jobs.whole)
  }
  return { apply, hide }
}
