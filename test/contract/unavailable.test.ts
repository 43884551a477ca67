import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { newDatabase } from '../kit.ts'
import { messagesPath, newContract, told } from './client.ts'

// 503 "while the database can't be reached" (CONTRACT §1): through a door to it that can be shut, or left open with nobody
// behind it.

interface Door {
  readonly port: number
  /** `shut`: connections are refused and those there are cut. `silent`: they stay, and nothing comes back. */
  set(state: 'open' | 'shut' | 'silent'): Promise<void>
}

async function doorTo(url: URL): Promise<Door> {
  const folder = url.searchParams.get('host')
  const target = folder
    ? { path: `${folder}/.s.PGSQL.${url.searchParams.get('port') ?? (url.port || '5432')}` }
    : { host: url.hostname, port: Number(url.port || 5432) }
  const sockets = new Set<Socket>()
  let silent = false
  const server = createServer((near) => {
    const far = connect(target)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => silent || to.write(data))
      from.on('error', () => {})
      from.on('close', () => {
        to.destroy()
        sockets.delete(from)
      })
    }
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const { port } = server.address() as { port: number }
  after(() => {
    cut()
    server.close()
  })
  return {
    port,
    async set(state) {
      // What was swallowed is not to be continued.
      if (silent) cut()
      silent = state === 'silent'
      if (state === 'shut' && server.listening) {
        server.close()
        cut()
        await once(server, 'close')
      } else if (state !== 'shut' && !server.listening) await listen(port)
    },
  }
}

const url = new URL(await newDatabase())
const door = await doorTo(url)
const through = new URL(url)
through.search = ''
through.hostname = '127.0.0.1'
through.port = `${door.port}`
const snug = await newContract(through.href)
await snug.users('ada', 'bob')
await snug.community('c', 'ada')
await snug.member('c', 'bob')
const { id } = await snug.send('c', 'ada', 'bob', 'before')

const send = (key: string) =>
  snug.ask('POST', messagesPath('c'), {
    ...{ as: 'ada', headers: { 'idempotency-key': key } },
    body: { recipient_id: 'bob', content: `sent with ${key}` },
  })

const asks = () => [
  snug.list('ada', 'c'),
  snug.list('ada', 'c', { filter: 'unread' }),
  snug.thread('ada', 'c', 'bob'),
  send('lost'),
  snug.ask('DELETE', `${messagesPath('c')}/${id}`, { as: 'ada' }),
  snug.ask('POST', `${messagesPath('c')}/bob/read`, { as: 'ada', body: { message_id: id } }),
  snug.ask('GET', '/api/v1/communities', { as: 'ada' }),
  snug.ask('GET', '/api/v1/communities/c/members', { as: 'ada' }),
  snug.ask('POST', '/api/v1/communities/c/members/bob/block', { as: 'ada' }),
  snug.ask('PUT', '/service/v1/users/bob', { service: true, body: { username: 'b' } }),
  snug.ask('PUT', '/service/v1/communities/c', { service: true, body: { name: 'C', creator_id: 'ada' } }),
  snug.ask('DELETE', '/service/v1/users/bob', { service: true }),
  snug.ask('POST', '/service/v1/tokens', { service: true, body: { user_id: 'bob' } }),
]

for (const state of ['shut', 'silent'] as const) {
  test(`503 while the database is ${state}, and everything as before when it is back`, async () => {
    await door.set(state)
    // Waiting behind many batches as well, none of which is answered.
    const crowd = Promise.all(Array.from({ length: 1_000 }, (_, i) => send(`crowd-${i}`)))
    const patience = new Promise<never>((_, reject) => {
      setTimeout(reject, 8_000, new Error('no 503 in time')).unref()
    })
    for (const answer of await Promise.all(asks())) {
      assert.deepEqual(told(answer), { status: 503, body: { message: 'Service Unavailable' } })
      assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
    }
    for (const { status } of await Promise.race([crowd, patience])) assert.equal(status, 503)
    const ready = await snug.ask('GET', '/readyz')
    assert.equal(ready.status, 503)
    assert.match(String(ready.headers['retry-after']), /^[1-9]\d*$/)
    assert.equal((await snug.ask('GET', '/healthz')).status, 200, 'the process lives')
    assert.equal(
      (await snug.ask('GET', '/api/v1/communities')).status,
      401,
      'what needs no database is answered',
    )

    await door.set('open')
    assert.equal((await snug.ask('GET', '/readyz')).status, 200)
    const again = await send(`again-${state}`)
    assert.equal(again.status, 201)
    // What a 503 meant for a send is known when it is tried again with its key.
    const [first, second] = [await send('lost'), await send('lost')]
    assert.deepEqual([first.status, second.text], [201, first.text])
    const { body } = await snug.thread('ada', 'c', 'bob')
    const contents = body.data.map((one: { content: string }) => one.content)
    assert.equal(contents.filter((one: string) => one === 'sent with lost').length, 1)
    assert.equal(contents[0], 'before', 'the delete and the erasure did not happen')
    assert.equal((await snug.list('bob', 'c')).body.total, 1, 'nor did the block')
  })
}
