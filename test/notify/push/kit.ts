import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Device, NotifiedMessage, Outcome, Push } from '../../../src/domain/delivery.ts'
import {
  createPush,
  makeVapidKeys,
  type PushOptions,
  type PushSender,
} from '../../../src/notify/push/index.ts'
import { CA, type Subscription } from '../push-services.ts'

export const VAPID = { subject: 'mailto:push@example.com', ...makeVapidKeys() }
export const LOOPBACK = ['127.0.0.0/8']
/** What a test waits for a service that does not answer. Ample for one that does. */
export const SHORT_MS = 700

let made = 0

/** A push as the worker gives it. */
export function pushOf(more: Partial<Push> & { readonly text?: string } = {}): Push {
  const { text = 'How long does the dough rest?', ...rest } = more
  return {
    community: { id: 'bakers', name: 'The Bakers' },
    conversationId: '01890000-0000-7000-8000-00000000000c',
    sender: { id: 'tom', username: 'tom', avatarUrl: null },
    recipient: { key: 1, id: 'grace', username: 'grace' },
    messages: [messageOf(text)],
    count: 1,
    senders: ['tom'],
    badge: 3,
    ...rest,
  }
}

export function messageOf(content: string): NotifiedMessage {
  return {
    id: `01890000-0000-7000-8000-${String(++made).padStart(12, '0')}`,
    content,
    createdAt: Date.now(),
  }
}

export function webDevice({ endpoint, keys }: Subscription): Device & { platform: 'web' } {
  return { id: `web-${++made}`, platform: 'web', address: endpoint, ...keys }
}

export function device(platform: 'fcm' | 'apns', address: string): Device {
  return { id: `${platform}-${++made}`, platform, address }
}

/** Closed after the tests of the file. Loopback is permitted unless told otherwise. */
export function newSender(options: Partial<PushOptions> = {}): PushSender {
  const sender = createPush({
    vapid: VAPID,
    fcm: null,
    apns: null,
    webPushAllow: LOOPBACK,
    ca: CA,
    ...options,
  })
  after(() => sender.close())
  return sender
}

/** `later 503 busy`, `sent`: an outcome in words, to compare many. */
export function wordsOf(outcome: Outcome): string {
  return 'words' in outcome ? `${outcome.kind} ${outcome.words}` : outcome.kind
}

/** Sends, as often as it is paused after the time that it says. */
export async function sendAfterPause(sender: PushSender, to: Device, push = pushOf()): Promise<Outcome> {
  for (;;) {
    const outcome = await sender.send(to, push)
    if (outcome.kind !== 'paused') return outcome
    await setTimeout(outcome.afterMs)
  }
}

/** Waits for what nothing signals. @throws after ten seconds */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${holds}`)
    await setTimeout(2)
  }
}

/** Takes connections and never says a word: not even TLS begins. @returns its port */
export async function startSilence(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
