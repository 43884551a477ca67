import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { type Answer, MAX_ANSWER_BYTES, Overdue } from './exchange.ts'

/** The session ended in good order before it took this (RFC 9113 §8.7). */
export class Untaken extends Error {
  override name = 'Untaken'
}

export interface ApnsSession {
  /** One POST. @throws {Overdue} {Untaken} and what connecting throws */
  post(path: string, headers: Readonly<Record<string, string | number>>, body: string): Promise<Answer>
  close(): Promise<void>
}

/** Middleboxes forget a silent connection after five minutes or so, without a word to either end. */
const IDLE_MS = 240_000

/**
 * One HTTP/2 session, opened when it is needed and again when it was lost. Apple takes quickly changing connections for
 * an attack. (@parse/node-apn was looked at: its engines end with Node 24, and it keeps Retry-After to itself.)
 * @param deadlineMs for each request, connecting included
 */
export function apnsSession(origin: string, deadlineMs: number, ca: string | undefined): ApnsSession {
  let current: ClientHttp2Session | null = null
  const open = new Set<ClientHttp2Session>()

  function session(): ClientHttp2Session {
    if (current && !current.closed && !current.destroyed) return current
    const made = connect(origin, ca === undefined ? {} : { ca })
    current = made
    open.add(made)
    made.once('close', () => open.delete(made))
    // Requests under way hear of it by themselves, and the next one finds the session closed, as after a GOAWAY.
    made.on('error', () => {})
    made.setTimeout(IDLE_MS, () => made.close())
    return made
  }

  return {
    post(path, headers, body) {
      const through = session()
      const stream = through.request({ ':method': 'POST', ':path': path, ...headers })
      const overdue = () => {
        // A connection can be dead without either end being told, so the next ones get a new one.
        stream.close(constants.NGHTTP2_CANCEL)
        // What never was connected closes nothing: its requests would wait for ever.
        if (through.connecting) through.destroy()
        else through.close()
      }
      const answer = answerOf(stream, deadlineMs, overdue)
      stream.end(body)
      return answer
    },
    async close() {
      current = null
      await Promise.all(
        [...open].map((one) => {
          const closed = new Promise<void>((resolve) => one.once('close', () => resolve()))
          one.destroy()
          return closed
        }),
      )
    },
  }
}

/** As in exchange.ts: with the status the service has decided. */
function answerOf(stream: ClientHttp2Stream, deadlineMs: number, overdue: () => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Omit<Answer, 'body'> | null = null
    let fault: Error = new Error('the connection ended without an answer')
    let body = ''
    const timer = setTimeout(() => {
      fault = new Overdue(`no answer within ${deadlineMs} ms`)
      overdue()
    }, deadlineMs)
    stream.setEncoding('utf8')
    stream.once('response', (headers) => {
      const retryAfter = headers['retry-after']
      answer = { status: Number(headers[':status']), headers: { 'retry-after': retryAfter } }
    })
    stream.on('data', (chunk: string) => {
      body += chunk
      if (body.length > MAX_ANSWER_BYTES) stream.close(constants.NGHTTP2_CANCEL)
    })
    stream.on('error', (error) => {
      // What ended the session is the stream's cause.
      if (!(fault instanceof Overdue)) fault = error.cause instanceof Error ? error.cause : error
    })
    stream.once('close', () => {
      clearTimeout(timer)
      if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) fault = new Untaken('REFUSED_STREAM')
      if (answer) resolve({ ...answer, body: body.slice(0, MAX_ANSWER_BYTES) })
      else reject(fault)
    })
  })
}
