import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerQuestions } from './child.ts'
import { openPoster, type Poster } from './post.ts'
import { bodyOf, contentOf, numberIn, requestOfSend } from './stream-sends.ts'
import { openStream } from './stream-socket.ts'
import type { ClientsHandlers, Connecting, Fired, Firing, Group, Person } from './streams.ts'

// Clients of streams, of whole communities: sender and recipient of a message are in one process, with one clock.

interface Sending {
  readonly to: string
  answeredAt: number
  framedAt: number
  /** Whose streams are to be told of it. */
  readonly waiting: Set<string>
}

const STREAM = '/api/v1/stream'
// So many are being opened at once: more would fill the queue of connections that a server accepts from.
const OPENING = 200
const TICK_MS = 2
const PATIENCE_MS = 10_000
const HEAD = /^\{"id":"([^"]+)","event":"([^"]+)"/

let groups: readonly Group[] = []
let frames = 0
let number = process.pid * 100_000
let becameReady = (_person: Person): void => {}
const sockets = new Map<string, Socket>()
const lastIds = new Map<string, string>()
const sendings = new Map<number, Sending>()
let sampled = ''

function take(person: Person, frame: Buffer): void {
  const now = performance.now()
  frames++
  const [, id, event] = HEAD.exec(frame.toString('latin1', 0, 120)) ?? []
  if (id) lastIds.set(person.id, id)
  if (event === 'ready' || (!event && frame.includes('event: ready'))) becameReady(person)
  const found = event === 'message.created' ? numberIn(frame) : null
  const sending = found === null ? undefined : sendings.get(found)
  if (!sending?.waiting.delete(person.id) || person.id !== sending.to) return
  sending.framedAt = now
  if (number === found) sampled = frame.toString()
}

function connectAll(to: Connecting): Promise<void> {
  const people = groups.flatMap((group) => group.people)
  const left = people.filter(({ id }) => !sockets.has(id)).slice(0, to.most)
  let [opening, waiting] = [0, left.length]
  return new Promise((resolve, reject) => {
    becameReady = () => {
      if (--waiting === 0) resolve()
    }
    const next = () => {
      const person = left.pop()
      if (!person) return
      opening++
      const since = to.resume ? `?since=${lastIds.get(person.id)}` : ''
      const { authorization } = person
      const socket = openStream(
        to.port,
        { transport: to.transport, path: `${STREAM}${since}`, authorization },
        {
          opened() {
            opening--
            next()
          },
          frame: (frame) => take(person, frame),
          closed() {
            if (sockets.get(person.id) === socket) reject(new Error(`a stream of ${person.id} was closed`))
          },
        },
      )
      sockets.set(person.id, socket)
    }
    while (opening < OPENING && left.length > 0) next()
  })
}

async function dropAll(): Promise<void> {
  const all = [...sockets.values()]
  sockets.clear()
  for (const socket of all) socket.destroy()
  await sleep(500)
}

const pick = <One>(of: readonly One[]): One => of[Math.floor(Math.random() * of.length)] as One

async function sendOne(
  poster: Poster,
  told: boolean,
  [from, to]: Firing['members'] = [1, Number.POSITIVE_INFINITY],
): Promise<{ sending: Sending; sentAt: number; body: string }> {
  const { communityId, people } = pick(groups)
  const [creator, member] = [people[0] as Person, pick(people.slice(from, to + 1))]
  const [sender, recipient] = Math.random() < 0.5 ? [creator, member] : [member, creator]
  const own = ++number
  const waiting = new Set(told ? [sender.id, recipient.id] : [recipient.id])
  const sending: Sending = { to: recipient.id, answeredAt: 0, framedAt: 0, waiting }
  sendings.set(own, sending)
  const { reply, sentAt, answeredAt } = await poster.post(requestOfSend(communityId, sender, recipient, own))
  if (reply.status !== 201 || bodyOf(reply).content !== contentOf(own))
    throw new Error(`a send was answered ${reply.status} ${reply.body}`)
  sending.answeredAt = answeredAt
  return { sending, sentAt, body: reply.body }
}

/** Sends at a steady rate, whatever is answered when. */
async function fire({ port, perSecond, seconds, members }: Firing): Promise<Fired> {
  const poster = await openPoster(port, 64)
  const count = perSecond * seconds
  const sent: ReturnType<typeof sendOne>[] = []
  for (const begun = performance.now(); sent.length < count; await sleep(TICK_MS)) {
    const due = Math.min(count, Math.floor(((performance.now() - begun) * perSecond) / 1_000))
    while (sent.length < due) sent.push(sendOne(poster, false, members))
  }
  const done = await Promise.all(sent)
  const late = performance.now() + PATIENCE_MS
  for (;;) {
    const lost = done.filter(({ sending }) => sending.framedAt === 0).length
    if (lost === 0) break
    if (performance.now() > late) throw new Error(`${lost} of ${count} messages were not passed on`)
    await sleep(20)
  }
  poster.close()
  sendings.clear()
  const times = (time: (one: (typeof done)[number]) => number) => Float64Array.from(done, time)
  return {
    afterAnswer: times(({ sending }) => Math.max(0, sending.framedAt - sending.answeredAt)),
    afterRequest: times(({ sending, sentAt }) => sending.framedAt - sentAt),
    answer: times(({ sending, sentAt }) => sending.answeredAt - sentAt),
  }
}

answerQuestions({
  people(given: readonly Group[]) {
    groups = given
  },
  connect: connectAll,
  drop: dropAll,
  fire,
  async sample({ port }: { port: number }) {
    const poster = await openPoster(port, 1)
    const { sending, body } = await sendOne(poster, false)
    while (sending.framedAt === 0) await sleep(20)
    poster.close()
    return { answer: body, frame: sampled, content: contentOf(number) }
  },
  async send({ port, count }: { port: number; count: number }) {
    const poster = await openPoster(port, 16)
    let left = count
    const line = async () => {
      while (left-- > 0) await sendOne(poster, true)
    }
    await Promise.all(Array.from({ length: 16 }, line))
    poster.close()
  },
  /** How many of those that were sent since the last time were not told to somebody whom they concern. */
  missing() {
    const missing = [...sendings.values()].filter(({ waiting }) => waiting.size > 0).length
    sendings.clear()
    return missing
  },
  frames: () => frames,
} satisfies ClientsHandlers)
