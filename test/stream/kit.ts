import assert from 'node:assert/strict'
import http, { type IncomingMessage } from 'node:http'
import { after } from 'node:test'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { WebSocket } from 'ws'
import { type StreamData, type StreamEventName, StreamEvents } from '../../contract/stream.ts'
import type { Json } from '../contract/document.ts'

export type Transport = 'sse' | 'websocket'
export const TRANSPORTS = ['sse', 'websocket'] as const

export interface Received<Name extends StreamEventName = StreamEventName> {
  readonly id: string
  readonly event: Name
  readonly data: StreamData[Name]
}

/** How a stream ended, as the client sees it. */
export interface End {
  /** Of the WebSocket. */
  readonly code?: number
  readonly reason?: string
  /** The last `retry:` of server-sent events, in milliseconds. */
  readonly retry?: number
}

export interface OpenOptions {
  readonly transport?: Transport
  /** The id of the last event that was received. */
  readonly since?: string | undefined
  /** In which way `since` is given. */
  readonly sinceBy?: 'header' | 'query'
  /** Sent as they are, instead of the token in a header. */
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
  readonly query?: string
}

/** A client of the stream that keeps what came and holds each event against its schema. */
export interface TestStream {
  readonly transport: Transport
  /** What has come so far, marks left out. */
  readonly received: readonly Received[]
  /** Of the last event that came, marks too. */
  readonly lastId: string
  /** The next event; it has to have this name. */
  next<Name extends StreamEventName>(name: Name): Promise<Received<Name>>
  /** All events up to and with the first of this name. */
  through(name: StreamEventName, is?: (event: Received) => boolean): Promise<Received[]>
  /** The events that came and were not taken. */
  left(): readonly Received[]
  /** Takes all that came. */
  drop(): void
  /** Those of communities that are named for MARKS, which are kept apart: see world.ts. */
  readonly marks: readonly Received[]
  /** The newest mark, when there are more than `count`. */
  markAfter(count: number): Promise<Received>
  /** How many pings came: comment lines, or the protocol's own. */
  readonly pings: number
  /** Resolves at the next ping, or text that is no event. */
  ping(): Promise<string>
  readonly ended: Promise<End>
  readonly headers: IncomingMessage['headers']
  /** Reads no more, and again. */
  pause(): void
  resume(): void
  /** Sends a text, which no client of ours does. */
  say(text: string): void
  close(): Promise<void>
}

/** What a server answered instead of opening a stream. */
export class NotOpened extends Error {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  constructor(status: number, headers: IncomingMessage['headers'], text: string) {
    super(`${status} ${text}`)
    this.status = status
    this.headers = headers
    this.text = text
  }
}

export const STREAM = '/api/v1/stream'
export const MARKS = 'marks-of-'
// Generous: it only says how long a test that fails takes.
const DEADLINE_MS = 30_000

const { default: addFormatsTo } = addFormats as unknown as { default: typeof addFormats.default }
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormatsTo(ajv)
const validators = new Map<string, ValidateFunction>(
  Object.entries(StreamEvents).map(([name, schema]) => [
    name,
    ajv.compile(closed(schema as unknown as Json) as object),
  ]),
)

/** No room for fields that the schema does not name. */
function closed(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in copy ? { ...copy, additionalProperties: false } : copy
}

/** Keeps events and hands them to whoever waits. */
class Inbox {
  readonly received: Received[] = []
  readonly marks: Received[] = []
  readonly ids = new Set<string>()
  pings = 0
  #taken = 0
  #fault: Error | undefined
  #over = false
  #changed: () => void = () => {}
  #change = new Promise<void>((resolve) => {
    this.#changed = resolve
  })

  push(event: Received): void {
    try {
      check(event, this.ids)
      const { community_id: community = '' } = event.data as { community_id?: string }
      if (community.startsWith(MARKS)) this.marks.push(event)
      else this.received.push(event)
    } catch (error) {
      this.#fault ??= error as Error
    }
    this.tell()
  }
  fail(error: Error): void {
    this.#fault ??= error
    this.tell()
  }
  over(): void {
    this.#over = true
    this.tell()
  }
  tell(): void {
    this.#changed()
    this.#change = new Promise((resolve) => {
      this.#changed = resolve
    })
  }
  left(): readonly Received[] {
    if (this.#fault) throw this.#fault
    return this.received.slice(this.#taken)
  }
  drop(): void {
    this.#taken = this.received.length
  }
  async take(what: string): Promise<Received> {
    await this.wait(() => this.#taken < this.received.length, what)
    return this.received[this.#taken++] as Received
  }
  /** @throws {Error} when it is not so in time, or cannot come any more */
  async wait(is: () => boolean, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, DEADLINE_MS, 'late')
    })
    try {
      for (;;) {
        if (this.#fault) throw this.#fault
        if (is()) return
        const told = () => JSON.stringify(this.received.slice(-8).map((one) => [one.event, one.data]))
        if (this.#over) throw new Error(`the stream ended before ${what}; it had ${told()}`)
        if ((await Promise.race([this.#change, late])) === 'late')
          throw new Error(`${what} did not come; there was ${told()}`)
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

function check({ id, event, data }: Received, ids: Set<string>): void {
  assert.match(id, /^[!-~]{1,100}$/, 'an opaque id')
  assert.ok(!ids.has(id), `the id ${id} came twice`)
  ids.add(id)
  const validate = validators.get(event)
  assert.ok(validate, `an event ${event}`)
  assert.ok(validate(data), `${event}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(data)}`)
}

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), DEADLINE_MS)
  })
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Opens a stream, closed after the tests of the file. @throws {NotOpened} */
export async function openStream(
  url: string,
  token: string | null,
  options: OpenOptions = {},
): Promise<TestStream> {
  const { transport = 'sse', since, sinceBy = 'header', query } = options
  const headers: Record<string, string> = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(since !== undefined && sinceBy === 'header' && { 'last-event-id': since }),
    ...options.headers,
  }
  const asked = [
    ...(query === undefined ? [] : [query]),
    ...(since !== undefined && sinceBy === 'query' ? [`since=${encodeURIComponent(since)}`] : []),
  ]
  const path = `${STREAM}${asked.length > 0 ? `?${asked.join('&')}` : ''}`
  const inbox = new Inbox()
  const opening =
    transport === 'sse'
      ? openEvents(`${url}${path}`, headers, inbox)
      : openSocket(`${url.replace('http', 'ws')}${path}`, headers, options.protocols ?? [], inbox)
  const line = await inTime(opening, 'an answer')
  after(() => line.close())
  void line.ended.then(() => inbox.over())
  return {
    ...line,
    transport,
    received: inbox.received,
    get lastId() {
      return [...inbox.ids].at(-1) as string
    },
    get pings() {
      return inbox.pings
    },
    async next<Name extends StreamEventName>(name: Name) {
      const event = await inbox.take(name)
      assert.equal(event.event, name, JSON.stringify(event.data))
      return event as Received<Name>
    },
    async through(name, is = () => true) {
      const events: Received[] = []
      do events.push(await inbox.take(name))
      while (events.at(-1)?.event !== name || !is(events.at(-1) as Received))
      return events
    },
    get ended() {
      return inTime(line.ended, 'the end')
    },
    left: () => inbox.left(),
    drop: () => inbox.drop(),
    marks: inbox.marks,
    async markAfter(count) {
      await inbox.wait(() => inbox.marks.length > count, 'a mark')
      return inbox.marks.at(-1) as Received
    },
    async ping() {
      const before = inbox.pings
      await inbox.wait(() => inbox.pings > before, 'a ping')
      return line.lastPing()
    },
  }
}

interface Line extends Pick<TestStream, 'ended' | 'headers' | 'pause' | 'resume' | 'say' | 'close'> {
  lastPing(): string
}

async function openEvents(url: string, headers: Record<string, string>, inbox: Inbox): Promise<Line> {
  const request = http.get(url, { headers, agent: false })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
  })
  // A line that is cut is an end like any other.
  request.on('error', () => {})
  response.on('error', () => {})
  response.setEncoding('utf8')
  if (response.statusCode !== 200) {
    let text = ''
    for await (const chunk of response) text += chunk
    throw new NotOpened(response.statusCode as number, response.headers, text)
  }
  let retry: number | undefined
  let lastPing = ''
  let rest = ''
  const block = (text: string) => {
    const fields = text.split('\n').map((one) => /^([^:]*): ?(.*)$/s.exec(one) ?? [])
    const of = (name: string) => fields.find(([, field]) => field === name)?.[2]
    if (text.startsWith(':')) {
      inbox.pings++
      lastPing = text
      inbox.tell()
    }
    if (of('retry') !== undefined) retry = Number(of('retry'))
    const [id, event, data] = [of('id'), of('event'), of('data')]
    if (data === undefined) return
    const rest = fields.filter(([, name = '']) => !['id', 'event', 'data', 'retry'].includes(name))
    if (rest.length > 0 || id === undefined || event === undefined) inbox.fail(new Error(text))
    else inbox.push({ id, event: event as StreamEventName, data: JSON.parse(data) })
  }
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() as string
    for (const one of blocks) block(one)
  })
  const ended = new Promise<End>((resolve) => {
    response.on('close', () => resolve(retry === undefined ? {} : { retry }))
  })
  return {
    ended,
    headers: response.headers,
    lastPing: () => lastPing,
    pause: () => response.pause(),
    resume: () => response.resume(),
    say: () => {},
    async close() {
      request.destroy()
      await ended
    },
  }
}

async function openSocket(
  url: string,
  headers: Record<string, string>,
  protocols: readonly string[],
  inbox: Inbox,
): Promise<Line> {
  const socket = new WebSocket(url, [...protocols], { headers })
  let answered: IncomingMessage | undefined
  let lastPing = ''
  const ping = (text: string) => {
    inbox.pings++
    lastPing = text
    inbox.tell()
  }
  socket.on('upgrade', (response) => {
    answered = response
  })
  socket.on('ping', () => ping('ping'))
  socket.on('message', (bytes, binary) => {
    const frame = JSON.parse(String(bytes)) as Received
    if (binary) inbox.fail(new Error('a binary frame'))
    else if ((frame.event as string) === 'ping') ping(String(bytes))
    else if (Object.keys(frame).join() !== 'id,event,data') inbox.fail(new Error(String(bytes)))
    else inbox.push(frame)
  })
  const ended = new Promise<End>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
    socket.on('unexpected-response', async (_request, response) => {
      let text = ''
      response.setEncoding('utf8')
      for await (const chunk of response) text += chunk
      reject(new NotOpened(response.statusCode as number, response.headers, text))
    })
  })
  socket.on('error', () => {})
  return {
    ended,
    headers: answered?.headers ?? {},
    lastPing: () => lastPing,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    say: (text) => socket.send(text),
    async close() {
      socket.terminate()
      await ended
    },
  }
}
