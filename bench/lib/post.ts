import type { Socket } from 'node:net'
import { open, type Reply, replyIn } from './load.ts'

export interface Answered {
  readonly reply: Reply
  /** By this process's clock, in milliseconds. */
  readonly sentAt: number
  readonly answeredAt: number
}

/** Requests at a rate of one's own choosing: each goes out at once, on a connection that is free or a new one. */
export interface Poster {
  post(request: Buffer): Promise<Answered>
  close(): void
}

export async function openPoster(port: number, connections: number): Promise<Poster> {
  const all: Socket[] = []
  const free: Socket[] = []
  // A server lets go of a connection that has said nothing for some seconds: one that has not been used yet is not kept then. Read, since
  // an end is only heard of by whoever reads.
  const more = async () => {
    const socket = await open(port)
    socket
      .on('data', () => {})
      .on('close', () => {
        if (free.includes(socket)) free.splice(free.indexOf(socket), 1)
      })
    all.push(socket)
    return socket
  }
  free.push(...(await Promise.all(Array.from({ length: connections }, more))))
  return {
    async post(request) {
      const socket = free.pop() ?? (await more())
      const answered = await exchange(socket, request)
      free.push(socket)
      return answered
    },
    close() {
      for (const socket of all) socket.destroy()
    },
  }
}

function exchange(socket: Socket, request: Buffer): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let pending: Buffer = Buffer.alloc(0)
    const closed = () => reject(new Error('the server closed a connection'))
    const take = (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const reply = replyIn(pending)
      if (!reply) return
      const answeredAt = performance.now()
      socket.off('data', take).off('close', closed)
      resolve({ reply, sentAt, answeredAt })
    }
    socket.on('data', take).on('close', closed)
    const sentAt = performance.now()
    socket.write(request)
  })
}
