import webPush from 'web-push'
import type { ApnsConfig, FcmConfig } from '../../config/push.ts'
import type { Device, Outcome, SendPush } from '../../domain/delivery.ts'
import type { VapidKeys } from '../../domain/push.ts'
import { wordsOf } from '../words.ts'
import { APNS_LIMIT, createApns } from './apns.ts'
import { createFcm, FCM_LIMIT } from './fcm.ts'
import { Gate } from './gate.ts'
import { type Note, noteOf } from './note.ts'
import type { Resolve } from './public-address.ts'
import type { Verdict } from './verdict.ts'
import { createWebPush, endpointOf, type Vapid, WEB_PUSH_LIMIT } from './web-push.ts'

export type { Vapid }

export interface PushOptions {
  readonly vapid: Vapid
  /** null: not used; its devices are refused, and kept. */
  readonly fcm: FcmConfig | null
  readonly apns: ApnsConfig | null
  /** CIDR ranges that web push may go to although they are not public. */
  readonly webPushAllow: readonly string[]
  /** For a whole exchange, milliseconds; default: 10,000. */
  readonly deadlineMs?: number
  /** A PEM to trust instead of the system's, for tests. */
  readonly ca?: string
  /** How names of web push endpoints are looked up; default: as the system does. */
  readonly resolve?: Resolve
}

export interface PushSender {
  /** Never throws, and ends within two deadlines: FCM's token and its message, or a turn and an attempt. */
  readonly send: SendPush
  /** What is under way ends as `later`, what comes after is `paused`. */
  close(): Promise<void>
  /** VAPID's, base64url. */
  readonly publicKey: string
}

const DEADLINE_MS = 10_000
/** A closed sender's messages are for the next process, which is not long in coming. */
const CLOSED_MS = 1000

interface Way {
  readonly gate: Gate
  /** The service that answers for the device, by which it is paused; null: none that is ever asked. */
  serviceOf(device: Device): string | null
  attempt(device: Device, note: Note): Promise<Verdict>
  close(): unknown
}

/**
 * Push to all three kinds of devices: CONTRACT §5.
 * @throws when the VAPID keys or the subject cannot be used
 */
export function createPush(options: PushOptions): PushSender {
  const ways = waysOf(options)
  let closed = false
  return {
    async send(device, push): Promise<Outcome> {
      if (closed) return { kind: 'paused', afterMs: CLOSED_MS }
      const way = ways[device.platform]
      if (!way) return { kind: 'refused', words: `${device.platform} is not configured` }
      const note = noteOf(push)
      const attempt = () => way.attempt(device, note).catch(broken)
      const service = way.serviceOf(device)
      return service === null ? (await attempt()).outcome : way.gate.pass(service, device.id, attempt)
    },
    async close() {
      closed = true
      await Promise.all(Object.values(ways).map((way) => way?.close()))
    },
    publicKey: options.vapid.publicKey,
  }
}

/** A new pair for VAPID: base64url, 65 and 32 bytes. */
export function makeVapidKeys(): VapidKeys {
  return webPush.generateVAPIDKeys()
}

function waysOf({ vapid, fcm, apns, webPushAllow, resolve, ...options }: PushOptions) {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS
  const common = { deadlineMs, ca: options.ca }
  const web = createWebPush({ vapid, allow: webPushAllow, resolve, ...common })
  const byFcm = fcm && createFcm(fcm, common)
  const byApns = apns && createApns(apns, common)
  const ways: Record<Device['platform'], Way | null> = {
    web: {
      gate: new Gate({ limit: WEB_PUSH_LIMIT, deadlineMs }),
      serviceOf: ({ address }) => endpointOf(address)?.origin ?? null,
      attempt: (device, note) => web.send(device as Device & { platform: 'web' }, note),
      close: web.close,
    },
    fcm: byFcm && {
      gate: new Gate({ limit: FCM_LIMIT, deadlineMs }),
      serviceOf: () => 'fcm',
      attempt: ({ address }, note) => byFcm.send(address, note),
      close: byFcm.close,
    },
    apns: byApns && {
      gate: new Gate({ limit: APNS_LIMIT, deadlineMs }),
      serviceOf: () => 'apns',
      attempt: ({ address }, note) => byApns.send(address, note),
      close: byApns.close,
    },
  }
  return ways
}

/** A fault of ours. It is tried again, for a day, and then to be looked at. */
function broken(error: unknown): Verdict {
  const { name, code } = error as NodeJS.ErrnoException
  return {
    outcome: { kind: 'later', words: wordsOf(code ?? name ?? 'error'), afterMs: null },
    service: 'unknown',
  }
}
