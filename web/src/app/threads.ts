import type { Snug, Thread, ThreadMessage } from '../../../client/src/index.ts'
import type { UnsentMessages } from './unsent.ts'

/** The threads that are open, or have something on its way. */
export interface Threads {
  open(community: string, user: string): Thread
  send(community: string, user: string, content: string): void
  retry(community: string, user: string, message: ThreadMessage): void
  discard(community: string, user: string, message: ThreadMessage): void
  close(): void
}

// Going back to one of the last is immediate; more of them would hear every event for nothing.
const OPEN_MOST = 6
const PER_PAGE = 50
// Enough for any screen above and below; all of it is drawn.
const HELD_MOST = 250

/** Nobody has answered for it: whether it is stored is not known, and it is sent again, with its key. */
export const isUnclear = ({ status, error }: ThreadMessage) =>
  status === 'failed' &&
  error !== undefined &&
  (error.status === 0 || error.status > 499 || error.status === 429)

/** Keeps what is written until it is known to be stored: what failed for the want of a line is sent when there is one again. */
export function createThreads(snug: Snug, unsent: UnsentMessages): Threads {
  const threads = new Map<string, { thread: Thread; end: () => void }>()
  const keyOf = (community: string, user: string) => `${community} ${user}`
  // Each tab sends what was written in it. What a closed one has left is taken up at the start.
  const mine = new Set<string>()

  const settle = (thread: Thread) => {
    const { messages } = thread.getSnapshot()
    const open = new Set(messages.filter((one) => one.status !== 'sent').map((one) => one.localId))
    for (const key of mine) {
      const entry = entryOf(key)
      if (entry && threads.get(keyOf(entry.community, entry.user))?.thread === thread && !open.has(key)) {
        mine.delete(key)
        unsent.remove(key)
      }
    }
  }
  const entryOf = (key: string) => unsent.all().find((one) => one.key === key)
  const prune = () => {
    for (const [key, { thread, end }] of threads) {
      if (threads.size <= OPEN_MOST) return
      if (thread.getSnapshot().messages.some(({ status }) => status !== 'sent')) continue
      threads.delete(key)
      end()
      thread.close()
    }
  }
  const open: Threads['open'] = (community, user) => {
    const key = keyOf(community, user)
    const held = threads.get(key)
    if (held) {
      threads.delete(key)
      threads.set(key, held)
      return held.thread
    }
    const thread = snug.thread(community, user, { perPage: PER_PAGE, keep: HELD_MOST })
    threads.set(key, { thread, end: thread.subscribe(() => settle(thread)) })
    prune()
    return thread
  }
  const resend = () => {
    for (const { thread } of threads.values()) {
      for (const message of thread.getSnapshot().messages) {
        if (isUnclear(message)) thread.retry(message.localId as string)
      }
    }
  }
  for (const { community, user, key, content } of unsent.all()) {
    mine.add(key)
    open(community, user).send(content, key)
  }
  const end = snug.stream.onState((state) => state === 'live' && resend())
  addEventListener('online', resend)

  return {
    open,
    send(community, user, content) {
      const key = open(community, user).send(content)
      mine.add(key)
      unsent.add({ community, user, key, content })
    },
    retry: (community, user, { localId = '' }) => open(community, user).retry(localId),
    discard(community, user, { localId = '' }) {
      open(community, user).discard(localId)
      mine.delete(localId)
      unsent.remove(localId)
    },
    close() {
      end()
      removeEventListener('online', resend)
      for (const one of threads.values()) {
        one.end()
        one.thread.close()
      }
      threads.clear()
    },
  }
}
