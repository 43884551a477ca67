import { type Reply, requestOf } from './load.ts'
import type { Person } from './streams.ts'

// A message's content begins with its number, by which its frame is known.
const REST = ' a message of the bench'.repeat(5)
// The conversation's latest message comes before it in the frame, and may be a later one.
const MESSAGE = Buffer.from('"message":{')
const MARK = Buffer.from('"content":"#')
const DIGITS = 12

export const contentOf = (number: number): string => `#${String(number).padStart(DIGITS, '0')}${REST}`

/** The number of the message that a frame tells of; null: it tells of none. */
export function numberIn(frame: Buffer): number | null {
  const at = frame.indexOf(MARK, frame.indexOf(MESSAGE))
  const start = at + MARK.length
  return at < 0 ? null : Number(frame.toString('latin1', start, start + DIGITS))
}

export function requestOfSend(communityId: string, from: Person, to: Person, number: number): Buffer {
  const { authorization } = from
  const body = JSON.stringify({ recipient_id: to.id, content: contentOf(number) })
  return requestOf('POST', `/api/v1/communities/${communityId}/messages`, { authorization }, body)
}

export const bodyOf = ({ status, body }: Reply): { content?: string } =>
  status === 201 ? JSON.parse(body) : {}
