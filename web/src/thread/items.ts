import type { ThreadMessage } from '../../../client/src/index.ts'
import { isSameDay } from '../ui/time.ts'

/** What stands in a thread, one under the other. */
export type Item =
  | { readonly kind: 'day'; readonly key: string; readonly at: string }
  | { readonly kind: 'new'; readonly key: string }
  | {
      readonly kind: 'message'
      readonly key: string
      readonly message: ThreadMessage
      readonly mine: boolean
      readonly first: boolean
      readonly last: boolean
    }

// What follows sooner belongs to what was said before.
const TOGETHER_MS = 5 * 60_000

/** @param newFrom the position of the first message that was new when the thread was opened; null: none */
export function itemsOf(messages: readonly ThreadMessage[], me: string, newFrom: number | null): Item[] {
  const items: Item[] = []
  for (const [i, message] of messages.entries()) {
    const before = messages[i - 1]
    const after = messages[i + 1]
    const startsDay = !before || !isSameDay(before.created_at, message.created_at)
    const isNew = newFrom !== null && message.position === newFrom
    if (startsDay)
      items.push({
        kind: 'day',
        key: `day ${message.created_at.slice(0, 10)} ${message.id}`,
        at: message.created_at,
      })
    if (isNew) items.push({ kind: 'new', key: 'new' })
    items.push({
      kind: 'message',
      key: keyOf(message),
      message,
      mine: message.sender.id === me,
      first: startsDay || isNew || !goesOn(before, message),
      last: !after || !goesOn(message, after) || !isSameDay(message.created_at, after.created_at),
    })
  }
  return items
}

// What was written here keeps the name that it had before it was sent: it stays what it is, with the focus that is on it.
const written = new Map<string, string>()

function keyOf({ id, localId }: ThreadMessage): string {
  if (localId !== undefined && id !== localId) written.set(id, localId)
  return localId ?? written.get(id) ?? id
}

function goesOn(before: ThreadMessage | undefined, after: ThreadMessage): boolean {
  return (
    before !== undefined &&
    before.sender.id === after.sender.id &&
    Date.parse(after.created_at) - Date.parse(before.created_at) < TOGETHER_MS
  )
}
