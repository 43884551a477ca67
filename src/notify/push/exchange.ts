import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The beginning of it, 8 KB at most. */
  readonly body: string
}

export interface Exchange {
  readonly agent: Agent
  readonly headers: Readonly<Record<string, string | number>>
  readonly body: string | Buffer
  /** For everything: looking up, connecting, sending, and the answer's last byte. */
  readonly deadlineMs: number
}

/** A service's explanation is a few hundred bytes, and FCM's longest error about two thousand. */
export const MAX_ANSWER_BYTES = 8192

/** No answer within the deadline. */
export class Overdue extends Error {
  override name = 'Overdue'
}

/**
 * One POST over https. Redirects are not followed. Once the status is there the service has decided, so what happens
 * to the rest of the answer (too slow, too long, cut) changes nothing: taken for a failure, a message that was
 * accepted would be sent twice.
 * @throws {Overdue} and what connecting throws
 */
export function exchange(url: URL, { agent, headers, body, deadlineMs }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers })
    let stop: () => unknown = () => outgoing.destroy(new Overdue(`no answer within ${deadlineMs} ms`))
    const timer = setTimeout(() => stop(), deadlineMs)
    let fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    outgoing.on('error', (error) => fail(error))
    outgoing.once('close', () => fail(new Error('the connection ended without an answer')))
    outgoing.once('response', (incoming) => {
      stop = () => incoming.destroy()
      fail = () => {}
      readStart(incoming).then((body) => {
        clearTimeout(timer)
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body })
      })
    })
    outgoing.end(body)
  })
}

/** What comes until it ends, is cut, or is more than we read. */
function readStart(incoming: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_ANSWER_BYTES) incoming.destroy()
    })
    // Being cut is an 'error' before it is the 'close' that is waited for.
    incoming.on('error', () => {})
    incoming.once('close', () =>
      resolve(Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8')),
    )
  })
}
