import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectionError, Message } from '../../client/src/index.ts'
import { newSnug } from '../kit.ts'
import { assertFreshThread, clientOf, eventually, gate, lineTo, state, until } from './kit.ts'

const snug = await newSnug()
await snug.users('ada')
await snug.community('club', 'ada')

let made = 0
/** A member of a test's own, with so many messages. */
async function member(messages = 0): Promise<string> {
  const id = `member-${++made}`
  await snug.users(id)
  await snug.member('club', id)
  for (let n = 1; n <= messages; n++)
    await snug.send('club', n % 2 ? id : 'ada', n % 2 ? 'ada' : id, `text ${n}`)
  return id
}
const texts = (snapshot: { messages: readonly Message[] }) => snapshot.messages.map(({ content }) => content)

test('the newest first, then up and down in pages', async () => {
  const bob = await member(25)
  const ada = clientOf(snug, 'ada')
  const thread = ada.thread('club', bob, { perPage: 10 })
  assert.deepEqual([thread.getSnapshot().state, thread.getSnapshot().loading], ['loading', true])
  await thread.settled()
  const first = thread.getSnapshot()
  // The last page of the server holds five.
  assert.deepEqual(
    [first.messages.length, first.total, first.hasOlder, first.hasNewer],
    [10, 25, true, false],
  )
  assert.deepEqual(
    first.messages.map(({ position }) => position),
    [16, 17, 18, 19, 20, 21, 22, 23, 24, 25],
  )
  await thread.loadOlder()
  await thread.loadOlder()
  await thread.loadOlder()
  const all = thread.getSnapshot()
  assert.deepEqual([all.messages.length, all.hasOlder], [25, false])
  // What was there is the same object: nothing is drawn again.
  assert.equal(all.messages[24], first.messages[9])
  await assertFreshThread(ada, thread, 'club', bob)
  thread.close()
})

test('messages, deletions, marks and typing arrive live', async () => {
  const bob = await member(2)
  const [ada, other] = [clientOf(snug, 'ada'), clientOf(snug, bob)]
  const thread = ada.thread('club', bob)
  await state(ada.stream, 'live')
  await thread.settled()
  await other.messages.typing('club', 'ada')
  await until(thread, ({ typing }) => typing)
  const { id } = await snug.send('club', bob, 'ada', 'live')
  const come = await until(thread, ({ total }) => total === 3)
  assert.deepEqual([texts(come).at(-1), come.typing], ['live', false])
  const sent = await ada.messages.send('club', bob, 'mine')
  await until(thread, ({ total }) => total === 4)
  await other.messages.markRead('club', 'ada', sent.id)
  const read = await until(thread, ({ readByOther }) => readByOther?.id === sent.id)
  assert.equal(read.readByOther?.position, 4)
  await ada.messages.delete('club', sent.id)
  await until(thread, ({ total }) => total === 3)
  await other.messages.delete('club', id)
  await until(thread, ({ total }) => total === 2)
  await assertFreshThread(ada, thread, 'club', bob)
  thread.close()
})

test('what is written is shown at once, and once', async () => {
  const bob = await member(1)
  const ada = clientOf(snug, 'ada')
  const thread = ada.thread('club', bob)
  await state(ada.stream, 'live')
  await thread.settled()
  const counts: number[] = []
  thread.subscribe(() => counts.push(thread.getSnapshot().messages.length))
  const ids = ['one', 'two', 'two', 'three'].map((text) => thread.send(text))
  const now = thread.getSnapshot()
  assert.deepEqual(texts(now), ['text 1', 'one', 'two', 'two', 'three'])
  assert.deepEqual(
    now.messages.slice(1).map(({ status, localId }) => [status, localId]),
    ids.map((id) => ['pending', id]),
  )
  const done = await until(thread, ({ total }) => total === 5)
  assert.deepEqual(texts(done), ['text 1', 'one', 'two', 'two', 'three'])
  await thread.settled()
  // From the moment when all were written there were always five.
  assert.deepEqual(new Set(counts.slice(counts.indexOf(5))), new Set([5]))
  await assertFreshThread(ada, thread, 'club', bob)
  thread.close()
})

test('the stream may be ahead of the answer, and the answer of the stream', async () => {
  const bob = await member(1)
  const answered = gate()
  const slow: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (init?.method === 'POST') await answered.promise
    return response
  }
  const ada = clientOf(snug, 'ada', { fetch: slow })
  const thread = ada.thread('club', bob)
  await state(ada.stream, 'live')
  await thread.settled()
  thread.send('hello')
  const early = await until(thread, ({ total }) => total === 2)
  assert.deepEqual(texts(early), ['text 1', 'hello'])
  // Somebody's other device writes the same.
  await snug.send('club', 'ada', bob, 'hello')
  const both = await until(thread, ({ total }) => total === 3)
  assert.deepEqual(texts(both), ['text 1', 'hello', 'hello'])
  answered.open()
  await thread.settled()
  assert.deepEqual(texts(thread.getSnapshot()), ['text 1', 'hello', 'hello'])
  thread.close()

  // Without the stream, what was sent stays where it was written until the stream is back.
  const line = await lineTo(snug.snug.url)
  const behind = clientOf(snug, 'ada', { transport: 'sse', fetch: toStream(line.url) })
  const other = behind.thread('club', bob)
  await state(behind.stream, 'live')
  await other.settled()
  line.closed = true
  line.cut()
  await state(behind.stream, 'behind')
  other.send('on my own')
  await other.settled()
  const mine = other.getSnapshot().messages.at(-1)
  assert.deepEqual([mine?.content, mine?.status, mine?.position], ['on my own', 'sent', undefined])
  line.closed = false
  await until(other, ({ messages }) => messages.at(-1)?.position === 4)
  await assertFreshThread(behind, other, 'club', bob)
  other.close()
})

/** The stream goes over another line than everything else. */
const toStream =
  (url: string): typeof fetch =>
  (input, init) =>
    fetch(String(input).replace(snug.snug.url, String(input).includes('/stream') ? url : snug.snug.url), init)

test('what was replaced while away is known by its position, without asking', async () => {
  const bob = await member(3)
  const line = await lineTo(snug.snug.url)
  let asked = 0
  const counting: typeof fetch = (input, init) => {
    asked++
    return fetch(input, init)
  }
  const ada = clientOf(snug, 'ada', { url: line.url, fetch: counting, transport: 'websocket' })
  const thread = ada.thread('club', bob)
  await state(ada.stream, 'live')
  await thread.settled()
  line.closed = true
  line.cut()
  await state(ada.stream, 'behind')
  asked = 0
  const last = thread.getSnapshot().messages.at(-1)
  await clientOf(snug, bob).messages.delete('club', last?.id as string)
  await snug.send('club', bob, 'ada', 'instead')
  await snug.send('club', 'ada', bob, 'and more')
  line.closed = false
  await until(thread, ({ total }) => total === 4)
  await state(ada.stream, 'live')
  await thread.settled()
  assert.deepEqual(texts(thread.getSnapshot()), ['text 1', 'text 2', 'instead', 'and more'])
  assert.equal(asked, 0)
  await assertFreshThread(ada, thread, 'club', bob)
  thread.close()
})

test('what fails is kept, sent again or taken back', async () => {
  const bob = await member(1)
  let broken = true
  const lossy: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    // It has arrived all the same.
    if (broken && init?.method === 'POST') throw new TypeError('the line was lost')
    return response
  }
  const ada = clientOf(snug, 'ada', { fetch: lossy })
  const thread = ada.thread('club', bob)
  await state(ada.stream, 'live')
  await thread.settled()
  const lost = thread.send('did it arrive?')
  const empty = thread.send(' ')
  await thread.settled()
  const failed = thread.getSnapshot().messages.filter(({ status }) => status === 'failed')
  assert.deepEqual(
    failed.map(({ localId, error }) => [localId, error?.name]),
    [
      [lost, 'ConnectionError' satisfies ConnectionError['name']],
      [empty, 'ConnectionError'],
    ],
  )
  broken = false
  thread.retry(lost)
  thread.retry(empty)
  await thread.settled()
  const after = thread.getSnapshot()
  assert.deepEqual(texts(after), ['text 1', 'did it arrive?', ' '])
  assert.equal(after.messages.at(-1)?.error?.status, 422)
  thread.discard(empty)
  await assertFreshThread(ada, thread, 'club', bob)
  // Blocked, it fails for good.
  await snug.call('POST', `/service/v1/communities/club/members/${bob}/block`, { service: true, body: {} })
  await until(thread, (now) => now.state === 'hidden')
  thread.send('anybody there?')
  await thread.settled()
  assert.equal(thread.getSnapshot().messages[0]?.error?.status, 403)
  thread.close()
})

test('a block empties the thread, and its end brings it back', async () => {
  const bob = await member(3)
  const [ada, other] = [clientOf(snug, 'ada'), clientOf(snug, bob)]
  const threads = [ada.thread('club', bob), other.thread('club', 'ada')]
  await Promise.all([state(ada.stream, 'live'), state(other.stream, 'live')])
  for (const thread of threads) await thread.settled()
  const block = (verb: string) =>
    snug.call('POST', `/service/v1/communities/club/members/${bob}/${verb}`, { service: true, body: {} })
  await block('block')
  for (const thread of threads) {
    const hidden = await until(thread, (now) => now.state === 'hidden')
    assert.deepEqual([hidden.messages, hidden.total], [[], 0])
  }
  await block('unblock')
  for (const thread of threads) await until(thread, ({ messages }) => messages.length === 3)
  for (const thread of threads) thread.close()
})

test('a deletion of one own is shown when it is done', async () => {
  const bob = await member(3)
  const member3 = clientOf(snug, bob)
  const thread = member3.thread('club', 'ada')
  await state(member3.stream, 'live')
  await thread.settled()
  const last = thread.getSnapshot().messages.at(-1)
  await thread.delete(last?.id as string)
  assert.deepEqual(texts(thread.getSnapshot()), ['text 1', 'text 2'])
  await assert.rejects(thread.delete(thread.getSnapshot().messages[0]?.id as string), { status: 403 })
  await assertFreshThread(member3, thread, 'club', 'ada')
  thread.close()
})

test('who is not allowed sees nothing, and is told why', async () => {
  await snug.users('stranger')
  const thread = clientOf(snug, 'stranger').thread('club', 'ada')
  await thread.settled()
  const { state: now, error, messages } = thread.getSnapshot()
  assert.deepEqual([now, error?.name, messages], ['hidden', 'ForbiddenError', []])
  thread.close()
})

test('an erased person loses name and texts here too', async () => {
  const bob = await member(4)
  const ada = clientOf(snug, 'ada')
  const thread = ada.thread('club', bob)
  await state(ada.stream, 'live')
  await thread.settled()
  await snug.call('DELETE', `/service/v1/users/${bob}`, { service: true })
  const gone = await until(thread, ({ messages }) => messages[0]?.sender.username === 'deleted')
  assert.deepEqual(texts(gone), ['', 'text 2', '', 'text 4'])
  await assertFreshThread(ada, thread, 'club', bob)
  thread.close()
})

test('typing is told once in 3 s', async () => {
  const bob = await member()
  let now = 0
  let asked = 0
  const counting: typeof fetch = (input, init) => {
    if (String(input).endsWith('/typing')) asked++
    return fetch(input, init)
  }
  const thread = clientOf(snug, bob, { clock: () => now, fetch: counting }).thread('club', 'ada')
  for (now of [0, 1_000, 2_999, 3_000, 5_000, 6_000]) await thread.typing()
  assert.equal(asked, 3)
  thread.close()
})

test('a server that is away is asked again, and a closed thread asks nobody', async () => {
  const bob = await member(2)
  const line = await lineTo(snug.snug.url)
  line.closed = true
  const ada = clientOf(snug, 'ada', { url: line.url })
  const thread = ada.thread('club', bob)
  await until(thread, ({ error }) => error?.name === 'ConnectionError')
  line.closed = false
  await eventually(() => assertFreshThread(ada, thread, 'club', bob))
  assert.equal(thread.getSnapshot().error, null)
  thread.close()
  await thread.settled()
  const shown = thread.getSnapshot()
  await snug.send('club', bob, 'ada', 'after it was closed')
  await thread.loadLatest()
  assert.equal(thread.getSnapshot(), shown)
  assert.equal(ada.stream.state, 'connecting')
})
