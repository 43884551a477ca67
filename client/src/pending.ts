import { ConflictError, type SnugError } from './errors.ts'
import { isKnown } from './known.ts'
import type { Message, User } from './types.ts'

/** A message of the thread as a user interface shows it. */
export interface ThreadMessage extends Message {
  /** From 1; undefined while the message is on its way. */
  readonly position?: number | undefined
  readonly status: 'sent' | 'pending' | 'failed'
  /** Of one that was written here and is on its way: for `retry` and `discard`. */
  readonly localId?: string | undefined
  /** What a failed one failed with. */
  readonly error?: SnugError | undefined
}

interface Pending {
  /** The idempotency key as well: trying again never sends twice. */
  readonly localId: string
  readonly content: string
  readonly created_at: string
  /** Where the thread ended when it was written: it comes after that. */
  readonly after: number
  status: ThreadMessage['status']
  /** It is its turn to be sent. */
  begun: boolean
  error?: SnugError | undefined
  /** The server's answer. */
  message?: Message
}

export interface PendingDeps {
  readonly post: (content: string, key: string) => Promise<Message>
  readonly newKey: () => string
  readonly clock: () => number
  /** Something is other than it was. */
  readonly show: () => void
  readonly track: (work: Promise<unknown>) => void
}

/**
 * What was written here and is not in the thread yet. One is sent after the other, so that they arrive in the order of the
 * writing. A sent one stays until the stream or a fetch has brought it with its position.
 */
export function createPending({ post, newKey, clock, show, track }: PendingDeps) {
  let all: Pending[] = []
  let queue = Promise.resolve()

  const keep = (which: (one: Pending) => boolean) => {
    all = all.filter(which)
  }
  const attempt = async (one: Pending) => {
    if (!all.includes(one)) return
    one.begun = true
    try {
      one.message = await post(one.content, one.localId)
      one.status = 'sent'
    } catch (error) {
      one.status = 'failed'
      one.error = error as SnugError
      // It was sent, and deleted since.
      if (error instanceof ConflictError) keep((other) => other !== one)
    }
    show()
  }
  const enqueue = (one: Pending) => {
    Object.assign(one, { status: 'pending', begun: false, error: undefined })
    queue = queue.then(() => attempt(one))
    track(queue)
    show()
  }
  const sent = () => all.filter(({ message }) => message)

  return {
    send(content: string, after: number, localId = newKey()): string {
      const created_at = `${new Date(clock()).toISOString().slice(0, 19)}Z`
      const one = { localId, content, created_at, after } as Pending
      all.push(one)
      enqueue(one)
      return one.localId
    },
    retry(localId: string): void {
      const one = all.find((other) => other.localId === localId && other.status === 'failed')
      if (one) enqueue(one)
    },
    /** Takes back what failed or waits for its turn. */
    discard(localId: string): void {
      keep((one) => one.localId !== localId || (one.begun && one.status !== 'failed'))
      show()
    },
    /** Those that the server has, which are to be seen in what is asked for from now on. */
    sent,
    /** They are in the thread, or deleted. */
    done(ones: readonly Pending[]): void {
      keep((one) => !ones.includes(one))
    },
    deleted(id: string): void {
      keep(({ message }) => message?.id !== id)
    },
    /**
     * What is to be shown after the messages that are held. Forgets what is among them, below them or deleted.
     * @param newest the id of the newest message that was told of
     */
    render(held: readonly ThreadMessage[], newest: string, me: User, other: User): ThreadMessage[] {
      const ids = new Set(held.map(({ id }) => id))
      keep(({ message }) => !message || !(ids.has(message.id) || isKnown(message, newest)))
      // The stream may bring a message before the answer to its send: until that tells the id, one like it stands for it.
      const taken = new Set(sent().map(({ message }) => message?.id))
      const shown = all.filter(({ status, begun, content, after }) => {
        if (status !== 'pending' || !begun) return true
        const like = held.find(
          (one) =>
            one.position! > after &&
            one.content === content &&
            one.sender.id !== other.id &&
            !taken.has(one.id),
        )
        if (like) taken.add(like.id)
        return !like
      })
      return shown.map(({ localId, content, created_at, status, error, message }) => ({
        ...(message ?? {
          id: localId,
          content,
          created_at,
          updated_at: created_at,
          sender: me,
          recipient: other,
        }),
        localId,
        status,
        error,
      }))
    },
  }
}

export type PendingMessages = ReturnType<typeof createPending>
