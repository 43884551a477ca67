import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newFolder } from '../serve/kit.ts'
import { type OpenOptions, openStream, STREAM, TRANSPORTS } from './kit.ts'
import { needProgram } from './programs.ts'
import { newWorld } from './world.ts'

// nginx with its defaults in front: one line for everything, three more for WebSockets.

const nginx = await needProgram('nginx', 'nginx-light')
const world = await newWorld()
await world.users('creator', 'member')
await world.community('club', 'creator')
await world.member('club', 'member')

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** @param lines what stands in the location beside `proxy_pass` @returns its URL */
async function startNginx(lines: readonly string[]): Promise<string> {
  const prefix = newFolder()
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  mkdirSync(join(prefix, 'logs'))
  // What Debian keeps where only root may write; nothing of how it proxies.
  const conf = `
    daemon off;
    pid ${prefix}/nginx.pid;
    error_log ${prefix}/error.log;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${prefix}/${name};`).join('\n')}
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass ${world.url};
          ${lines.join('\n')}
        }
      }
    }`
  writeFileSync(join(prefix, 'nginx.conf'), conf)
  const child = spawn(nginx, ['-p', prefix, '-c', 'nginx.conf', '-e', `${prefix}/error.log`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const closed = once(child, 'close')
  after(async () => {
    child.kill('SIGTERM')
    await closed
  })
  const url = `http://127.0.0.1:${port}`
  while (
    !(await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    assert.equal(child.exitCode, null, `nginx ended: ${said}`)
  return url
}

const DEFAULTS: readonly string[] = []
const WEBSOCKETS = [
  'proxy_http_version 1.1;',
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection "upgrade";',
]

const open = (url: string, as: string, options: OpenOptions = {}) => openStream(url, world.token(as), options)

test('server-sent events come at once through nginx as it is', async () => {
  const url = await startNginx(DEFAULTS)
  const stream = await open(url, 'member')
  await stream.next('ready')
  // Each is waited for before the next is sent: what nginx kept back for more to come would not arrive.
  for (let i = 0; i < 20; i++) {
    const { id } = await world.send('club', 'creator', 'member', `message ${i}`)
    assert.equal((await stream.next('message.created')).data.message.id, id)
  }
  await stream.close()
  const again = await open(url, 'member', { since: stream.lastId, sinceBy: 'query' })
  await again.through('ready')
  await again.close()
})

test('three more lines, and WebSockets work, next to everything else', async () => {
  const url = await startNginx(WEBSOCKETS)
  for (const transport of TRANSPORTS) {
    const stream = await open(url, 'member', { transport })
    await stream.next('ready')
    for (let i = 0; i < 20; i++) {
      const { id } = await world.send('club', 'creator', 'member', `message ${i}`)
      assert.equal((await stream.next('message.created')).data.message.id, id)
    }
    await stream.close()
  }
  const browser = await openStream(url, null, {
    transport: 'websocket',
    protocols: ['snug.v1', `bearer.${world.token('member')}`],
  })
  await browser.next('ready')
  await browser.close()
  const list = await fetch(`${url}/api/v1/communities/club/messages/conversations`, {
    headers: { authorization: `Bearer ${world.token('member')}` },
  })
  assert.deepEqual([list.status, ((await list.json()) as { total: number }).total], [200, 1])
  const refused = await fetch(`${url}${STREAM}`)
  assert.equal(refused.status, 401)
})
