import { same } from './known.ts'
import type { ThreadSnapshot } from './thread-types.ts'
import type { Timing } from './timing.ts'
import type { Message, User } from './types.ts'

const TYPING_MS = 6_000

/** What a thread shows besides its messages. */
export interface Face {
  state: ThreadSnapshot['state']
  typing: boolean
  /** The id of the message up to which the other has read. */
  read: string | null
  me: User
  other: User
  setTyping(on: boolean): void
  /** Learns the people's names from a message. @returns whether they are others than before */
  meet(message: Message | undefined): boolean
}

/** @param show called when the other has stopped typing */
export function createFace(user: string, { timers }: Timing, show: () => void): Face {
  let timer: unknown
  const unknown = (id: string): User => ({ id, username: '', avatar_url: null })
  const face: Face = {
    state: 'loading',
    typing: false,
    read: null,
    me: unknown(''),
    other: unknown(user),
    setTyping(on) {
      timers.clearTimeout(timer)
      face.typing = on
      if (!on) return
      timer = timers.setTimeout(() => {
        face.typing = false
        show()
      }, TYPING_MS)
    },
    meet(message) {
      if (!message) return false
      const { me, other } = face
      const { sender, recipient } = message
      Object.assign(
        face,
        sender.id === user ? { me: recipient, other: sender } : { me: sender, other: recipient },
      )
      return !same([me, other], [face.me, face.other])
    },
  }
  return face
}
