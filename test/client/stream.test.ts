import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { Stream, StreamData, StreamEvent, StreamEventName } from '../../client/src/index.ts'
import { newSnug } from '../kit.ts'
import { clientOf, eventually, gate, lineTo, state } from './kit.ts'

const snug = await newSnug()
await snug.users('ada', 'bob', 'cleo')
await snug.community('club', 'ada')
await snug.member('club', 'bob')
await snug.member('club', 'cleo')

/** Waits for an event. */
function next<Name extends StreamEventName>(stream: Stream, name: Name): Promise<StreamData[Name]> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`there was no ${name}`)), 20_000)
    const end = stream.on(name, (data) => {
      clearTimeout(late)
      queueMicrotask(() => end())
      resolve(data)
    })
  })
}

for (const transport of ['websocket', 'sse'] as const) {
  test(`${transport}: events come as they happen, to whoever listens`, async () => {
    const { stream, messages } = clientOf(snug, 'ada', { transport })
    assert.equal(stream.state, 'connecting')
    const seen: string[] = []
    let fresh = 0
    stream.onFresh(() => fresh++)
    const end = stream.on('message.created', ({ message }) => seen.push(message.content))
    await state(stream, 'live')
    assert.equal(fresh, 1)
    const typing = next(stream, 'typing')
    // By another person each time: of one there is an event in 3 seconds at most.
    const typist = transport === 'websocket' ? 'bob' : 'cleo'
    await clientOf(snug, typist).messages.typing('club', 'ada')
    assert.equal((await typing).user_id, typist)
    const came = next(stream, 'message.created')
    const { id } = await snug.send('club', 'bob', 'ada', `live by ${transport}`)
    const event = await came
    assert.equal(event.message.id, id)
    assert.deepEqual(seen, [`live by ${transport}`])
    const read = next(stream, 'conversation.read')
    await messages.markRead('club', 'bob', id)
    assert.equal((await read).unread_count, 0)
    end()
    assert.equal(stream.state, 'connecting')
    stream.on('ready', () => {})
    await state(stream, 'live')
    stream.close()
    assert.equal(stream.state, 'connecting')
  })

  test(`${transport}: what was missed is told, each message once`, async () => {
    const proxy = await lineTo(snug.snug.url)
    const { stream } = clientOf(snug, 'ada', { transport, url: proxy.url })
    let fresh = 0
    stream.onFresh(() => fresh++)
    const states: string[] = []
    stream.onState((now) => states.push(now))
    const seen: string[] = []
    // Whoever comes back soon is told of what came shortly before as well.
    stream.on('message.created', ({ message }) => {
      if (/^\w+ \d/.test(message.content) && message.content.startsWith(transport)) seen.push(message.content)
    })
    await state(stream, 'live')
    const sent: string[] = []
    for (let round = 1; round <= 5; round++) {
      const text = `${transport} ${round}`
      sent.push(`${text} while away`, `${text} afterwards`)
      proxy.closed = true
      proxy.cut()
      await state(stream, 'behind')
      await snug.send('club', 'bob', 'ada', `${text} while away`)
      const changed = next(stream, 'conversation.changed')
      proxy.closed = false
      await state(stream, 'live')
      assert.equal((await changed).conversation?.latest_message.content, `${text} while away`)
      const came = next(stream, 'message.created')
      await snug.send('club', 'bob', 'ada', `${text} afterwards`)
      await came
    }
    assert.deepEqual(seen, sent)
    // Nothing has to be fetched again by whoever was told everything.
    assert.equal(fresh, 1)
    assert.deepEqual(states, ['live', ...Array(5).fill(['behind', 'live']).flat()])
  })

  test(`${transport}: an expired token is replaced at once, and nothing is missed`, async () => {
    let asked = 0
    const token = () => {
      asked++
      return snug.snug.sign('ada', 2).access_token
    }
    // A clock that stands still never finds a token expired: the server has to say it.
    const now = Date.now()
    const { stream } = clientOf(snug, 'ada', { transport, token, clock: () => now })
    const seen: string[] = []
    stream.on('message.created', ({ message }) => {
      if (message.content.endsWith('in between')) seen.push(message.content)
    })
    await state(stream, 'live')
    await state(stream, 'behind')
    await snug.send('club', 'bob', 'ada', `${transport} in between`)
    await state(stream, 'live')
    assert.equal(asked, 2)
    // It may have been back before the message was sent, which then comes live.
    await eventually(() => assert.equal(seen.at(-1), `${transport} in between`))
    stream.close()
  })

  test(`${transport}: a token that is refused from the start`, async () => {
    let asked = 0
    const token = () => (++asked < 3 ? 'not.a.token' : snug.token('ada'))
    const { stream } = clientOf(snug, 'ada', { transport, token })
    stream.on('ready', () => {})
    await state(stream, 'live')
    assert.equal(asked, 3)
    stream.close()
  })

  test(`${transport}: a line that has died in silence is given up after a minute`, async () => {
    const proxy = await lineTo(snug.snug.url)
    const silence = { work: () => {} }
    const timers = {
      setTimeout(work: () => void, ms: number) {
        if (ms !== 60_000) return setTimeout(work, ms)
        silence.work = work
        return undefined
      },
      clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
    }
    const { stream } = clientOf(snug, 'ada', { transport, url: proxy.url, timers })
    stream.on('ready', () => {})
    await state(stream, 'live')
    proxy.freeze()
    silence.work()
    assert.equal(stream.state, 'behind')
    await state(stream, 'live')
    assert.ok(proxy.connections >= 2)
    stream.close()
  })
}

test('a server that stops says when to come back', async () => {
  for (const transport of ['websocket', 'sse'] as const) {
    const own = await newSnug(snug.databaseUrl)
    const waits: number[] = []
    const timers = {
      setTimeout(work: () => void, ms: number) {
        if (ms < 30_000) waits.push(ms)
        return setTimeout(work, ms)
      },
      clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
    }
    const { stream } = clientOf(snug, 'ada', { transport, url: own.snug.url, timers })
    stream.on('ready', () => {})
    await state(stream, 'live')
    const gone = state(stream, 'behind')
    await Promise.all([own.snug.stop(), gone])
    assert.ok((waits[0] as number) >= 500 && (waits[0] as number) < 3_000, String(waits))
    stream.close()
  }
})

test('auto: by server-sent events where no WebSocket gets through', async () => {
  const { stream } = clientOf(snug, 'ada', {
    WebSocket: class {
      onclose: ((event: { code: number; reason: string }) => void) | null = null
      onopen = null
      onmessage = null
      onerror = null
      constructor() {
        queueMicrotask(() => this.onclose?.({ code: 1006, reason: '' }))
      }
      close() {}
    },
  })
  stream.on('ready', () => {})
  await state(stream, 'live')
  stream.close()
})

test('a listener that throws stops neither the others nor the stream', async () => {
  const thrown = gate<unknown>()
  process.setUncaughtExceptionCaptureCallback((error) => thrown.open(error))
  const { stream } = clientOf(snug, 'ada')
  stream.on('ready', () => {
    throw new Error('of the listener')
  })
  const second = next(stream, 'ready')
  await state(stream, 'live')
  assert.equal((await second).user_id, 'ada')
  assert.match(String(await thrown.promise), /of the listener/)
  process.setUncaughtExceptionCaptureCallback(null)
  stream.close()
})

test('the events of both transports are the same', async () => {
  const both = ['websocket', 'sse'] as const
  const seen = new Map<string, StreamEvent[]>()
  const clients = both.map((transport) => {
    const { stream } = clientOf(snug, 'ada', { transport })
    seen.set(transport, [])
    stream.on('*', (event) => seen.get(transport)?.push(event))
    return stream
  })
  await Promise.all(clients.map((stream) => state(stream, 'live')))
  const ends = clients.map((stream) => next(stream, 'message.deleted'))
  const { id } = await snug.send('club', 'cleo', 'ada', 'für "alle" 🎈\nzweite Zeile')
  await clientOf(snug, 'cleo').messages.delete('club', id)
  await Promise.all(ends)
  const of = (transport: string) =>
    seen
      .get(transport)
      ?.filter(({ event }) => event !== 'ready')
      .map(({ event, data }) => ({ event, data }))
  assert.deepEqual(of('websocket'), of('sse'))
  for (const stream of clients) stream.close()
})

test('frames that are cut anywhere are put together', async () => {
  const data = JSON.stringify({ user_id: 'ada', server_time: '2024-12-01T10:30:00Z', more: 'ä🎈' })
  const text = Buffer.from(
    `retry: 10\r\n\r\n: hello\n\nid: 7\nevent: unknown\ndata: {}\n\nid: 8\nevent: ready\ndata: ${data}\n\n`,
  )
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const byte of text) response.write(Buffer.of(byte))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { stream } = clientOf(snug, 'ada', { url, transport: 'sse' })
  const all: unknown[] = []
  stream.on('*', (event) => all.push(event))
  await state(stream, 'live')
  assert.deepEqual(all, [
    { id: '7', event: 'unknown', data: {} },
    { id: '8', event: 'ready', data: JSON.parse(data) },
  ])
  stream.close()
})
