import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, test } from 'node:test'
import { openDb } from '../../src/store/db.ts'
import { newDatabase } from '../kit.ts'
import { openStream, STREAM, TRANSPORTS } from './kit.ts'
import { serveClub } from './serving.ts'

// SIGTERM: requests that began are answered, streams end with a hint when to come back, exit 0 (CONTRACT §8).

test('SIGTERM ends the streams with a hint, answers what is under way, and the process ends with 0', async () => {
  const url = await newDatabase()
  const snug = await serveClub({ DATABASE_URL: url })
  const streams = await Promise.all(
    ['creator', 'member'].flatMap((as) =>
      TRANSPORTS.map((transport) => openStream(snug.url, snug.token(as), { transport })),
    ),
  )
  for (const stream of streams) await stream.next('ready')
  // A send that waits for a lock: it is under way when the signal comes.
  const db = openDb({ connectionString: url }, { log: () => {}, connections: 1 })
  const client = await db.dedicated('snug test')
  after(async () => {
    await client.end()
    await db.close()
  })
  await client.query('begin')
  await client.query('lock table messages in exclusive mode')
  const body = { recipient_id: 'member', content: 'under way' }
  const sending = snug.ask('POST', '/api/v1/communities/club/messages', body, 'creator')
  sending.catch(() => {})
  for (let waiting = 0; waiting === 0; ) {
    const { rowCount } = await client.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    )
    waiting = rowCount ?? 0
  }
  const stopped = snug.stop('SIGTERM')
  const hints = []
  for (const stream of streams) {
    const { code, reason, retry } = await stream.ended
    if (stream.transport === 'websocket') {
      assert.equal(code, 1012)
      hints.push(Number(/^retry (\d+)$/.exec(reason as string)?.[1]))
    } else hints.push(retry as number)
  }
  for (const ms of hints) assert.ok(ms >= 500 && ms <= 3_000, `${ms} ms`)
  await client.query('rollback')
  assert.equal(((await sending) as { content: string }).content, 'under way')
  assert.equal(await stopped, 0)
})

test('clients that neither read nor answer do not keep the process', async () => {
  const snug = await serveClub()
  const { hostname, port } = new URL(snug.url)
  const heads = [
    '',
    'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  ]
  const sockets = heads.map((head) => {
    const socket = net.connect({ port: Number(port), host: hostname, allowHalfOpen: true })
    socket.write(
      `GET ${STREAM} HTTP/1.1\r\nhost: snug.test\r\nauthorization: Bearer ${snug.token('member')}\r\n${head}\r\n`,
    )
    socket.on('error', () => {})
    return socket
  })
  for (const socket of sockets) {
    await once(socket, 'data')
    socket.pause()
  }
  const ended = snug.stop('SIGTERM')
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, 25_000, 'late')
  })
  assert.equal(
    await Promise.race([ended, late]),
    0,
    'within the patience that is left for requests under way',
  )
  clearTimeout(timer)
  for (const socket of sockets) socket.destroy()
})
