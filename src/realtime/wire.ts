import { OUTBOX_KINDS, type OutboxRow } from '../store/outbox.ts'

/** Somebody is writing: stored nowhere, passed on to the other's streams. */
export interface TypingNote {
  readonly communityId: string
  readonly typerId: string
  readonly typerKey: number
  readonly otherKey: number
}

/** What servers tell each other: keys, and never a text. What is in it is read from the database by whoever needs it. */
export type Note =
  | { readonly kind: 'changes'; readonly rows: readonly OutboxRow[] }
  | { readonly kind: 'typing'; readonly typing: TypingNote }
  /** A server's own, by which it knows that all before it has come. */
  | { readonly kind: 'mark'; readonly mark: string }

type Packed = readonly [
  kind: number,
  communityKey: number,
  lowKey: number,
  highKey: number,
  messageId: string | null,
  position: number | null,
  userKey: number | null,
  conversationId: string | null,
  change: number | null,
  changedAt: number | null,
  previousAt: number | null,
]

function pack(row: OutboxRow): string {
  const packed: Packed = [
    OUTBOX_KINDS.indexOf(row.kind),
    row.communityKey,
    row.lowKey,
    row.highKey,
    row.messageId,
    row.position,
    row.userKey,
    row.conversationId,
    row.change,
    row.changedAt,
    row.previousAt,
  ]
  return JSON.stringify(packed)
}

function unpack(packed: Packed): OutboxRow {
  const [kind, communityKey, lowKey, highKey, messageId, position, userKey, conversationId] = packed
  const [change, changedAt, previousAt] = packed.slice(8) as [number | null, number | null, number | null]
  return {
    kind: OUTBOX_KINDS[kind] as OutboxRow['kind'],
    communityKey,
    lowKey,
    highKey,
    messageId,
    position,
    userKey,
    conversationId,
    change,
    changedAt,
    previousAt,
  }
}

// PostgreSQL takes less than 8,000 bytes.
const PAYLOAD_MOST = 7_800

/** The rows as texts of less than 8,000 bytes each, in order. */
export function writeChanges(rows: readonly OutboxRow[]): string[] {
  const payloads: string[] = []
  let some: string[] = []
  let length = 0
  for (const text of rows.map(pack)) {
    if (length + text.length > PAYLOAD_MOST) {
      payloads.push(`c[${some.join()}]`)
      some = []
      length = 0
    }
    some.push(text)
    length += text.length + 1
  }
  if (some.length > 0) payloads.push(`c[${some.join()}]`)
  return payloads
}

export const writeTyping = (typing: TypingNote): string => `t${JSON.stringify(typing)}`
export const writeMark = (mark: string): string => `m${mark}`

/** Says which server a text is of. @param origin of 8 characters */
export const signNote = (origin: string, payload: string): string => `o${origin}${payload}`

/** The text of another server's; null: it is this one's own. */
export function readSigned(origin: string, payload: string): string | null {
  if (payload[0] !== 'o') return payload
  return payload.startsWith(origin, 1) ? null : payload.slice(1 + origin.length)
}

/** Null: not one of ours, or of a version to come. Whoever else writes there must not end the server by it. */
export function readNote(payload: string): Note | null {
  try {
    return parseNote(payload[0], payload.slice(1))
  } catch {
    return null
  }
}

function parseNote(kind: string | undefined, body: string): Note | null {
  switch (kind) {
    case 'c':
      return { kind: 'changes', rows: (JSON.parse(body) as Packed[]).map(unpack).filter((row) => row.kind) }
    case 't': {
      const typing: unknown = JSON.parse(body)
      if (typeof typing !== 'object' || typing === null) return null
      return { kind: 'typing', typing: typing as TypingNote }
    }
    case 'm':
      return { kind: 'mark', mark: body }
    default:
      return null
  }
}
