import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Sample } from './bare.ts'
import { answerQuestions } from './child.ts'

// The denominator of WebSockets: `ws` on a plain server, at its best. A token is a look-up, a socket is found by its user, a frame is
// passed to the other's socket as soon as the request for it has been answered.

let tokens: ReadonlyMap<string, string> = new Map()
let answer: readonly string[] = []
let frame: readonly string[] = []
const sockets = new Map<string, WebSocket & { user?: string }>()
const READY =
  '{"id":"bare-1","event":"ready","data":{"user_id":"somebody","server_time":"2024-12-01T10:30:00Z"}}'

const server = createServer({ keepAliveTimeout: 72_000 })
const upgrades = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false })

function forget(this: WebSocket & { user?: string }): void {
  if (sockets.get(this.user as string) === this) sockets.delete(this.user as string)
}

server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  const user = tokens.get(request.headers.authorization as string)
  if (user === undefined) return void socket.destroy()
  upgrades.handleUpgrade(request, socket, head, (webSocket: WebSocket & { user?: string }) => {
    webSocket.user = user
    webSocket.on('close', forget)
    sockets.set(user, webSocket)
    webSocket.send(READY)
  })
})

server.on('request', (request: IncomingMessage, response: ServerResponse) => {
  const user = tokens.get(request.headers.authorization as string)
  if (user === undefined) return void response.writeHead(401).end()
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    body += chunk
  })
  request.on('end', () => {
    const { recipient_id, content } = JSON.parse(body) as { recipient_id: string; content: string }
    const text = Buffer.from(answer.join(content))
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
    sockets.get(recipient_id)?.send(frame.join(content))
  })
})

answerQuestions({
  listen(given: { tokens: ReadonlyMap<string, string>; sample: Sample | null }) {
    tokens = given.tokens
    if (given.sample) {
      answer = given.sample.answer.split(given.sample.content)
      frame = given.sample.frame.split(given.sample.content)
    }
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  },
})
// To be asked is what it is there for until it listens, whatever else is loaded.
process.channel?.ref()
