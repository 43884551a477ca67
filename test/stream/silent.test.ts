import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { test } from 'node:test'
import { openStream, STREAM } from './kit.ts'
import { serveClub } from './serving.ts'

// Connections that never say who they are hold no memory worth naming, and are closed within seconds, while others are served.

const SILENT = 9_000
const HALF = 500
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const UPGRADE = `connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${KEY}\r\n`
const HOST = 'host: snug.test\r\n'
// The server's patience is 8 seconds, and a busy machine's a few more; Node's own would be a minute and longer.
const DEADLINE_MS = 40_000

/** What each sort sends when it has connected, and how many there are. */
const SORTS: readonly (readonly [count: number, text: string, answer: RegExp])[] = [
  [SILENT, '', /^(HTTP\/1\.1 408 |$)/],
  [HALF, 'GET /api/v1/str', /^HTTP\/1\.1 408 /],
  [HALF, `GET ${STREAM} HTTP/1.1\r\n${HOST}authorization: Bear`, /^HTTP\/1\.1 408 /],
  [100, `GET ${STREAM} HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 401 /],
  [100, `GET ${STREAM} HTTP/1.1\r\n${HOST}authorization: Bearer x\r\n\r\n`, /^HTTP\/1\.1 401 /],
  [100, `GET ${STREAM} HTTP/1.1\r\n${HOST}authorization: x\r\n${UPGRADE}\r\n`, /^HTTP\/1\.1 401 /],
  [
    100,
    `POST /api/v1/communities/club/messages HTTP/1.1\r\n${HOST}content-length: 1000\r\n\r\n{`,
    /^HTTP\/1\.1 401 /,
  ],
]

interface Client {
  readonly sort: number
  answer: string
  closed: boolean
}

function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

test('10,000 connections that never authenticate are closed, and cost little meanwhile', async () => {
  const snug = await serveClub()
  const { hostname, port } = new URL(snug.url)
  const stream = await openStream(snug.url, snug.token('member'))
  await stream.next('ready')
  const before = memoryOf(snug.pid)
  const clients: Client[] = []
  const connecting: Promise<unknown>[] = []
  const connect = (sort: number, text: string) => {
    const client: Client = { sort, answer: '', closed: false }
    const socket = net.connect({ port: Number(port), host: hostname })
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      client.answer += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      client.closed = true
    })
    clients.push(client)
    return new Promise<void>((resolve) => socket.on('connect', () => socket.write(text, () => resolve())))
  }
  for (const [sort, [count, text]] of SORTS.entries()) {
    for (let i = 0; i < count; i++) {
      connecting.push(connect(sort, text))
      if (connecting.length % 200 === 0) await connecting.at(-1)
    }
  }
  await Promise.all(connecting)
  const each = ((memoryOf(snug.pid) - before) * 1_024) / clients.length
  assert.ok(each < 20_000, `${each} bytes for each connection`)
  await snug.ask(
    'POST',
    '/api/v1/communities/club/messages',
    { recipient_id: 'member', content: 'meanwhile' },
    'creator',
  )
  assert.equal((await stream.next('message.created')).data.message.content, 'meanwhile')
  await allClosed(clients)
  for (const { sort, answer } of clients) assert.match(answer, SORTS[sort]?.[2] as RegExp, `sort ${sort}`)
})

async function allClosed(clients: readonly Client[]): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const left = clients.filter(({ closed }) => !closed)
    if (left.length === 0) return
    const sorts = [...new Set(left.map(({ sort }) => sort))]
    if (Date.now() > deadline) assert.fail(`${left.length} are still open, of the sorts ${sorts}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
