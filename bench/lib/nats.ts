import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface NatsServer {
  readonly url: string
  stop(): Promise<void>
}

/** Starts a nats-server on a port of its own; null where none is installed. */
export async function startNats(): Promise<NatsServer | null> {
  const port = await freePort()
  const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ready = await Promise.race([saysReady(child), once(child, 'error').then(() => false)])
  if (!ready) return null
  return {
    url: `nats://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function saysReady(child: ChildProcess): Promise<boolean> {
  if (!child.stderr) return false
  for await (const line of createInterface({ input: child.stderr }))
    if (line.includes('Server is ready')) {
      child.stderr.resume()
      return true
    }
  return false
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
