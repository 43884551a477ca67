import { connect, type Socket } from 'node:net'
import { requestOf } from './load.ts'

export type Transport = 'websocket' | 'sse'

export interface StreamSocketEvents {
  /** The server has taken it: 101 or 200. */
  opened(): void
  /** A text frame of the WebSocket; of server-sent events whatever came together. */
  frame(frame: Buffer): void
  closed(): void
}

const FINAL_TEXT = 0x81
const FINAL_PING = 0x89
// A pong without a payload, masked with zeros.
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/**
 * A stream's client as bytes: a library's would cost the processes of clients as much again as what is measured. It takes what servers
 * may send to it: whole frames of less than 64 KiB.
 */
export function openStream(
  port: number,
  { transport, path, authorization }: { transport: Transport; path: string; authorization: string },
  on: StreamSocketEvents,
): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const headers = transport === 'websocket' ? { authorization, ...UPGRADE } : { authorization }
  socket.write(requestOf('GET', path, headers))
  let read = (chunk: Buffer): void => {
    const head = chunk.indexOf('\r\n\r\n')
    if (head < 0 || !/^HTTP\/1\.1 (101|200)/.test(chunk.toString('latin1', 0, 12)))
      return void socket.destroy(new Error(`a stream was answered ${chunk.toString('latin1')}`))
    read = transport === 'websocket' ? framesOf(socket, on.frame) : on.frame
    on.opened()
    if (chunk.length > head + 4) read(chunk.subarray(head + 4))
  }
  socket.on('data', (chunk: Buffer) => read(chunk))
  socket.on('error', (error) => console.error(`a stream broke: ${error.message}`))
  socket.on('close', on.closed)
  return socket
}

function framesOf(socket: Socket, frame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  return (chunk) => {
    let bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (;;) {
      const [head, end] = boundsIn(bytes)
      if (end > bytes.length) break
      if (bytes[0] === FINAL_TEXT) frame(bytes.subarray(head, end))
      else if (bytes[0] === FINAL_PING) socket.write(PONG)
      bytes = bytes.subarray(end)
    }
    pending = bytes
  }
}

/** Where the first frame's payload begins and ends; beyond the bytes while it has not come. */
function boundsIn(bytes: Buffer): readonly [number, number] {
  if (bytes.length < 4) return bytes.length >= 2 && bytes[1] === 0 ? [2, 2] : [2, Number.POSITIVE_INFINITY]
  const short = (bytes[1] as number) & 0x7f
  if (short < 126) return [2, 2 + short]
  return [4, 4 + bytes.readUInt16BE(2)]
}
