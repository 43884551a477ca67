import { useEffect, useRef, useState } from 'preact/hooks'
import type { Thread, ThreadSnapshot } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'

// What is merely scrolled past has not been read.
const READ_AFTER_MS = 400

/** The position of the first message that is new to the caller as the thread is opened. */
export interface Opened {
  readonly state: 'asking' | 'known'
  readonly newFrom: number | null
}

/** Finds out where the caller has read up to, and goes there where it is not among what is held. */
export function useOpening(
  thread: Thread,
  community: string,
  user: string,
  aimAt: (key: string) => void,
): Opened {
  const { snug } = useInbox()
  const [opened, setOpened] = useState<Opened>({ state: 'asking', newFrom: null })
  useEffect(() => {
    const control = new AbortController()
    const ask = async () => {
      const { position, unread_count } = await snug.messages.readMarks(community, user, {
        signal: control.signal,
      })
      const newFrom = unread_count > 0 ? position + 1 : null
      await thread.settled()
      if (control.signal.aborted) return
      if (newFrom !== null) {
        aimAt('new')
        const [first] = thread.getSnapshot().messages
        if (first?.position !== undefined && first.position > newFrom) await thread.loadAt(newFrom)
      }
      setOpened({ state: 'known', newFrom })
    }
    // Without it the thread opens at its end.
    ask().catch(() => !control.signal.aborted && setOpened({ state: 'known', newFrom: null }))
    return () => control.abort()
  }, [thread])
  return opened
}

/**
 * Marks what is seen as read: the last message that is on the screen, while the page is looked at.
 */
export function useReading(thread: Thread, snapshot: ThreadSnapshot, me: string, isAtEnd: boolean): void {
  const marked = useRef('')
  useEffect(() => {
    const last = snapshot.messages.findLast((one) => one.status === 'sent')
    if (!isAtEnd || snapshot.hasNewer || !last || last.id === marked.current) return
    const mark = () => {
      if (document.visibilityState !== 'visible' || !document.hasFocus()) return
      marked.current = last.id
      // Whoever has written has read what was there.
      if (last.sender.id !== me) thread.markRead(last.id).catch(() => (marked.current = ''))
    }
    const timer = setTimeout(mark, READ_AFTER_MS)
    addEventListener('focus', mark)
    return () => {
      clearTimeout(timer)
      removeEventListener('focus', mark)
    }
  }, [thread, snapshot.messages, isAtEnd])
}
