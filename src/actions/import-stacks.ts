import type { ReadMark, Stack, StackedMessage } from '../store/import-messages.ts'
import type { MessageEntry } from './import-read.ts'

/** A message that is to be stored, with small keys inside. */
export interface PlacedMessage {
  readonly entry: MessageEntry
  readonly communityKey: number
  readonly senderKey: number
  readonly recipientKey: number
  /** As it is to be stored: the sender may have been erased. */
  readonly content: string
}

interface Growing {
  readonly communityKey: number
  readonly lowKey: number
  readonly highKey: number
  readonly conversationId: string | null
  readonly messages: StackedMessage[]
  readonly marks: Map<number, ReadMark>
  activeMicros: number
  activeAt: string
  offList: boolean
}

/** Sorts messages into stacks, one a conversation, in the order of each one's first. @param newId makes conversation ids */
export function stacksOf(placed: readonly PlacedMessage[], newId: () => string): Stack[] {
  const stacks = new Map<string, Growing>()
  for (const message of placed) {
    const { communityKey, senderKey, recipientKey, entry } = message
    const lowKey = Math.min(senderKey, recipientKey)
    const highKey = Math.max(senderKey, recipientKey)
    const pair = `${communityKey} ${lowKey} ${highKey}`
    const stack = stacks.get(pair) ?? begin(communityKey, lowKey, highKey, entry.line.conversation_id)
    stacks.set(pair, stack)
    lay(stack, message)
  }
  return [...stacks.values()].map(({ marks, conversationId, ...stack }) => ({
    ...stack,
    conversationId: conversationId ?? newId(),
    low: marks.get(stack.lowKey) as ReadMark,
    high: marks.get(stack.highKey) as ReadMark,
  }))
}

function begin(communityKey: number, lowKey: number, highKey: number, id: string | undefined): Growing {
  const unread: ReadMark = { rank: 0, jumps: false }
  const marks = new Map([
    [lowKey, unread],
    [highKey, unread],
  ])
  const conversationId = id?.toLowerCase() ?? null
  const activeMicros = Number.NEGATIVE_INFINITY
  return {
    communityKey,
    lowKey,
    highKey,
    conversationId,
    messages: [],
    marks,
    activeMicros,
    activeAt: '',
    offList: false,
  }
}

function lay(stack: Growing, { entry, senderKey, recipientKey, content }: PlacedMessage): void {
  const { line, id, activeMicros } = entry
  stack.messages.push({ id, senderKey, content, createdAt: line.created_at })
  const rank = stack.messages.length
  // Sending marks everything before it read (CONTRACT §3).
  stack.marks.set(senderKey, { rank, jumps: true })
  const mark = stack.marks.get(recipientKey) as ReadMark
  if (line.read === true) stack.marks.set(recipientKey, { rank, jumps: true })
  else if (line.read === undefined && mark.rank === rank - 1) stack.marks.set(recipientKey, { ...mark, rank })
  if (activeMicros > stack.activeMicros) {
    stack.activeMicros = activeMicros
    stack.activeAt = line.active_at ?? line.created_at
  }
  stack.offList = line.off_list === true
}
