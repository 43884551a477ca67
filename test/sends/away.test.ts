import assert from 'node:assert/strict'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { type Answer, newDatabase, newSnug, type TestSnug } from '../kit.ts'
import { assertOwn, assertSound, newCommunity, numberOf, poll, threadOf, trySend, twoServers } from './kit.ts'

const count = (n: number) => Array.from({ length: n }, (_, i) => i)
const messages = '/api/v1/communities/away/messages'

function assertUnavailable(answer: Answer): void {
  assert.deepEqual([answer.status, answer.body], [503, { message: 'Service Unavailable' }])
  assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
}

test('connections that are cut while sends run: each is stored or 503, and with its key it is sent once', async () => {
  const [snug, operator] = await twoServers()
  const [ada, bob] = (await newCommunity(snug, 'cut', 'bob')) as [string, string]
  const CUT = `select count(pg_terminate_backend(pid)) as n from pg_stat_activity
    where datname = current_database() and application_name = 'snug' and pid <> pg_backend_pid()`
  const stored: string[] = []
  let failed = 0
  const sendUntilStored = async (i: number) => {
    for (let n = 0; n < 30; n++) {
      const send = { from: ada, to: bob, content: `${i} ${n}`, key: `key ${i} ${n}`.replaceAll(' ', '-') }
      let answer = await trySend(snug, send)
      await poll(async () => {
        if (answer.status === 201) return true
        assertUnavailable(answer)
        failed++
        answer = await trySend(snug, send)
        return false
      })
      assertOwn(answer, send)
      stored.push(answer.body.id)
    }
  }
  const sending = Promise.all(count(10).map(sendUntilStored))
  // Each cut waits until something has been stored since the last one.
  for (let cuts = 0; cuts < 12; cuts++) {
    const before = stored.length
    await numberOf(operator, CUT).catch(() => {})
    await poll(async () => stored.length > before)
  }
  await sending
  assert.ok(failed > 0, 'nothing was cut')
  const thread = await threadOf(snug, 'cut', ada, bob)
  assert.deepEqual(
    thread.map(({ id }) => id),
    [...stored].sort(),
  )
  await assertSound(snug, operator)
})

/** A line to the tests' database that can be cut, and one that swallows everything. */
async function newLine(databaseUrl: string) {
  const url = new URL(databaseUrl)
  const folder = url.searchParams.get('host')
  const port = url.searchParams.get('port') ?? (url.port || '5432')
  const sockets = new Set<Socket>()
  let silent = false
  const server: Server = createServer((near) => {
    const far = folder ? connect(`${folder}/.s.PGSQL.${port}`) : connect(Number(port), url.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => silent || to.write(data))
      from.on('close', () => to.destroy())
      from.on('error', () => to.destroy())
    }
  })
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
  await listen(0)
  const { port: own } = server.address() as { port: number }
  const here = new URL(databaseUrl)
  here.search = ''
  here.host = `127.0.0.1:${own}`
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    url: here.href,
    silence: (on: boolean) => {
      silent = on
      if (!on) cut()
    },
    cut: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
    restore: () => listen(own),
    close: () => {
      server.close()
      cut()
    },
  }
}

/** One request of each kind. */
const requests = (snug: TestSnug, id: string): Promise<Answer>[] => [
  trySend(snug, { from: 'away.ada', to: 'away.bob', content: 'hello' }),
  snug.call('GET', `${messages}/conversations`, { as: 'away.ada' }),
  snug.call('GET', `${messages}/conversations?filter=unread`, { as: 'away.ada' }),
  snug.call('GET', `${messages}/away.bob`, { as: 'away.ada' }),
  snug.call('DELETE', `${messages}/${id}`, { as: 'away.ada' }),
  snug.call('POST', `${messages}/away.bob/read`, { as: 'away.ada', body: { message_id: id } }),
  snug.call('GET', '/api/v1/communities', { as: 'away.ada' }),
  snug.call('GET', '/api/v1/communities/away/members', { as: 'away.ada' }),
  snug.call('POST', '/service/v1/communities/away/members/away.bob/block', { service: true }),
  snug.call('PUT', '/service/v1/users/away.bob', { service: true, body: { username: 'bob' } }),
  snug.call('PUT', '/service/v1/communities/away', {
    service: true,
    body: { name: 'Away', creator_id: 'away.ada' },
  }),
  snug.call('DELETE', '/service/v1/users/away.bob', { service: true }),
]

test('a database that is away: 503 and Retry-After within 5 s for every request, and it recovers by itself', async (t) => {
  const line = await newLine(await newDatabase())
  const snug = await newSnug(line.url)
  t.after(() => line.close())
  await newCommunity(snug, 'away', 'bob')
  const { id } = await snug.send('away', 'away.ada', 'away.bob', 'before')

  await line.cut()
  for (const answer of await Promise.all(requests(snug, id))) assertUnavailable(answer)
  assert.equal((await snug.call('GET', '/healthz')).status, 200)
  assert.equal((await snug.call('GET', '/readyz')).status, 503)
  await line.restore()
  await poll(async () => (await snug.call('GET', '/readyz')).status === 200)
  await snug.send('away', 'away.ada', 'away.bob', 'after the cut')

  // Now the connections stand, and nothing comes back on them. Some of the sends have to wait behind others.
  line.silence(true)
  const began = performance.now()
  const sends = count(3).map(async (i) => {
    for (let turn = 0; turn < i; turn++) await new Promise((resolve) => setImmediate(resolve))
    const answer = await trySend(snug, { from: 'away.ada', to: 'away.bob', content: `lost ${i}` })
    return { answer, ms: performance.now() - began }
  })
  const others = requests(snug, id).map(async (one) => ({ answer: await one, ms: performance.now() - began }))
  for (const { answer, ms } of await Promise.all([...sends, ...others])) {
    assertUnavailable(answer)
    assert.ok(ms < 5_000, `answered after ${Math.round(ms)} ms`)
  }
  line.silence(false)
  await poll(async () => (await snug.call('GET', '/readyz')).status === 200)
  await snug.send('away', 'away.ada', 'away.bob', 'after the silence')
  const thread = await threadOf(snug, 'away', 'away.ada', 'away.bob')
  assert.deepEqual(
    thread.map(({ content }) => content),
    ['before', 'after the cut', 'after the silence'],
  )
})
