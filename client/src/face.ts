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
  people: readonly [me: User, other: User]
  setTyping(on: boolean): void
  /** Learns the people's names from a message. @returns whether they are others than before */
  meet(message: Message | undefined): boolean
}

/** @param show called when the other has stopped typing */
export function createFace(user: string, { timers }: Timing, show: () => void): Face {
  let timer: unknown
  const nobody: User = { id: '', username: '', avatar_url: null }
  const face: Face = {
    state: 'loading',
    typing: false,
    read: null,
    people: [nobody, { ...nobody, id: user }],
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
      const { sender, recipient } = message
      const { people } = face
      face.people = sender.id === user ? [recipient, sender] : [sender, recipient]
      return !same(people, face.people)
    },
  }
  return face
}
