import { hash } from 'node:crypto'
import type { TSchema } from 'typebox'
import { NOT_BLANK } from '../../contract/common.ts'
import { errors } from '../../contract/errors.ts'
import {
  AHEAD_MAX_MS,
  CommunityLine,
  KeyLine,
  MemberLine,
  MessageLine,
  UserLine,
} from '../../contract/transfer.ts'
import { validatorOf } from '../validation/ajv.ts'

/** A line that is valid by itself. `number` is its place in the file. */
export interface Entry<Line> {
  readonly number: number
  readonly line: Line
}

/** A message whose id is known: the line's, in lower case, or the one made of what the line says. */
export type MessageEntry = Entry<MessageLine> & { readonly id: string; readonly activeMicros: number }

export interface Entries {
  readonly user: Entry<UserLine>[]
  readonly community: Entry<CommunityLine>[]
  readonly member: Entry<MemberLine>[]
  readonly message: MessageEntry[]
  readonly idempotency_key: Entry<KeyLine>[]
}

type Kind = keyof Entries
const schemas: Readonly<Record<Kind, TSchema>> = {
  user: UserLine,
  community: CommunityLine,
  member: MemberLine,
  message: MessageLine,
  idempotency_key: KeyLine,
}
const KINDS = Object.keys(schemas) as Kind[]
const validators = Object.fromEntries(KINDS.map((kind) => [kind, validatorOf(schemas[kind])])) as Readonly<
  Record<Kind, (value: unknown) => string[]>
>
const notBlank = new RegExp(NOT_BLANK, 'u')

export const noEntries = (): Entries => ({
  user: [],
  community: [],
  member: [],
  message: [],
  idempotency_key: [],
})

/**
 * Reads a line and puts it with the others of its kind.
 * @param now Unix milliseconds
 * @returns its faults, in the words of the API; none when it was taken
 */
export function readLine(number: number, text: string, now: number, into: Entries): string[] {
  let line: { type?: unknown }
  try {
    line = JSON.parse(text)
  } catch {
    return [errors.invalidJson]
  }
  if (typeof line !== 'object' || line === null || Array.isArray(line)) return ['Line must be an object']
  const kind = KINDS.find((one) => one === line.type)
  if (kind === undefined) return [`Type must be one of ${KINDS.join(', ')}`]
  const faults = validators[kind](line)
  if (kind === 'user' && (line as UserLine).id === 'conversations') faults.push('Id is reserved')
  if (kind === 'message' && faults.length === 0)
    return readMessage(number, line as MessageLine, now, into.message)
  if (faults.length === 0) (into[kind] as unknown[]).push({ number, line })
  return faults
}

function readMessage(number: number, line: MessageLine, now: number, into: MessageEntry[]): string[] {
  const faults: string[] = []
  const micros = microsOf(line.created_at)
  const activeMicros = line.active_at === undefined ? micros : microsOf(line.active_at)
  const latest = (now + AHEAD_MAX_MS) * 1_000
  // A text that is empty, not only blank, may be one that was removed: whether it is needs the sender (import-messages).
  if (line.content !== '' && !notBlank.test(line.content)) faults.push("Content can't be blank")
  if (micros > latest) faults.push('Created at must not be more than a day ahead')
  if (activeMicros > latest && line.active_at !== undefined)
    faults.push('Active at must not be more than a day ahead')
  if (faults.length === 0)
    into.push({ number, line, id: line.id?.toLowerCase() ?? derivedId(line, micros), activeMicros })
  return faults
}

/** Unix microseconds of a time in ISO 8601, further digits cut off. */
export function microsOf(time: string): number {
  const seconds = Math.floor(Date.parse(time) / 1_000) * 1_000_000
  const fraction = time[19] === '.' ? (/\d+/.exec(time.slice(20))?.[0] ?? '') : ''
  return fraction === '' ? seconds : seconds + Number(fraction.slice(0, 6).padEnd(6, '0'))
}

/**
 * The id of a message that brings none: the same line gives the same id, so that importing it again finds it there. A UUIDv7
 * with the part of the millisecond (RFC 9562, 6.2, method 3), and the rest from a hash of what the message says.
 */
function derivedId(line: MessageLine, micros: number): string {
  const { community_id, sender_id, recipient_id, content } = line
  const said = JSON.stringify([community_id, sender_id, recipient_id, content, micros])
  const digest = hash('sha256', said, 'hex')
  const since1970 = Math.max(0, micros)
  const time = hex(Math.floor(since1970 / 1_000), 12)
  const part = hex(Math.floor(((since1970 % 1_000) / 1_000) * 4_096), 3)
  const variant = hex((Number.parseInt(digest.slice(0, 2), 16) & 0x3f) | 0x80, 2)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${part}-${variant}${digest.slice(2, 4)}-${digest.slice(4, 16)}`
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
