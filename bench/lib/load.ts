import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: number
  readonly body: string
}

export interface Shot {
  readonly request: Buffer
  /** Throws when the reply is not what it has to be. */
  readonly check: (reply: Reply) => void
}

export interface Load {
  /** Replies, all of them checked. */
  readonly count: number
  readonly perSecond: number
  /** Milliseconds, sorted. */
  readonly latencies: Float64Array
  /** This process's share of one core while it made the load. */
  readonly generatorShare: number
}

/** A request as bytes, so that making them costs the generator nothing. */
export function requestOf(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1']
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  if (body !== undefined)
    lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
}

/**
 * Keeps `connections` requests on the way for `seconds`, then waits for the last replies.
 * @param port where to; of several each gets as many of the connections
 */
export async function load(
  port: number | readonly number[],
  connections: number,
  seconds: number,
  next: () => Shot,
): Promise<Load> {
  const latencies: number[] = []
  const ports = [port].flat()
  const opening = Array.from({ length: connections }, (_, i) => open(ports[i % ports.length] as number))
  const sockets = await Promise.all(opening)
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const until = begun + seconds * 1000
  await Promise.all(sockets.map((socket) => shoot(socket, until, next, latencies)))
  const elapsed = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(cpu)
  for (const socket of sockets) socket.destroy()
  return {
    count: latencies.length,
    perSecond: latencies.length / elapsed,
    latencies: Float64Array.from(latencies).sort(),
    generatorShare: (user + system) / 1e6 / elapsed,
  }
}

export function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.on('error', reject)
  })
}

function shoot(socket: Socket, until: number, next: () => Shot, latencies: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let pending: Buffer = Buffer.alloc(0)
    let sent = 0
    let shot: Shot
    const fire = () => {
      if (performance.now() >= until) return resolve()
      shot = next()
      sent = performance.now()
      socket.write(shot.request)
    }
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const reply = replyIn(pending)
      if (!reply) return
      pending = Buffer.alloc(0)
      latencies.push(performance.now() - sent)
      try {
        shot.check(reply)
      } catch (error) {
        return reject(error)
      }
      fire()
    })
    socket.on('close', () => reject(new Error('the server closed a connection')))
    fire()
  })
}

/** One whole reply; there is never more than one on the way. */
export function replyIn(bytes: Buffer): Reply | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = bytes.toString('latin1', 0, end)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (bytes.length < end + 4 + length) return null
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', end + 4, end + 4 + length) }
}
