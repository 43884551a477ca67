import { join } from 'node:path'
import type { Config } from './config.ts'
import { openJournal } from './jobs/journal.ts'
import { createPace, type Pace } from './jobs/pace.ts'
import { startQueue } from './jobs/queue.ts'
import { type Publish, startRelay } from './jobs/relay.ts'
import { startSweep } from './jobs/sweep.ts'
import { startWorker } from './jobs/worker.ts'
import { createEmailDelivery } from './notify/deliver-email.ts'
import { createPushDelivery } from './notify/deliver-push.ts'
import { createEmail } from './notify/email/index.ts'
import { createLinks, type Links } from './notify/email/links.ts'
import { createPush, makeVapidKeys } from './notify/push/index.ts'
import { createSlots, fixedSlots } from './notify/slots.ts'
import { tryAgain } from './notify/verdicts.ts'
import type { Db } from './store/db.ts'
import { type Installation, keepVapidKeys, type VapidKeys } from './store/installation.ts'
import type { Settlement } from './store/notifications.ts'

/** The way of changes from the outbox to the services, as this process takes part in it. */
export interface Notifying {
  readonly vapidPublicKey: string
  readonly links: Links
  /** A batch of sends has been written. @param size how many */
  sent(size: number): void
  /** Something else has been changed that is told. */
  changed(): void
  stop(): Promise<void>
}

/**
 * Starts the relay, and unless this process only serves the worker as well.
 * @param deps `recorded` takes what came of notifications, for the metrics; `publish` tells the servers what the relay takes
 * @throws {StoreUnavailable}
 */
export async function startNotifying(
  config: Config,
  db: Db,
  deps: {
    installation: Installation
    publish: Publish
    log: (line: string) => void
    recorded: (settlements: readonly Settlement[]) => void
  },
): Promise<Notifying> {
  const { installation } = deps
  const links = createLinks({ publicUrl: config.publicUrl, secret: installation.linkSecret })
  const keys = config.push.vapid.keys ?? installation.vapid ?? (await keepVapidKeys(db, makeVapidKeys()))
  const pace = createPace()
  const works = config.role !== 'serve'
  const worker = works ? await startSending(config, db, { ...deps, pace, links, keys }) : null
  const queue = startQueue({
    db,
    pace,
    log: deps.log,
    emailDelaySeconds: config.mail.emailDelaySeconds,
    told: () => worker?.wake(),
  })
  const relay = startRelay({ db, pace, publish: deps.publish, log: deps.log, kept: () => queue.wake() })
  const sweep = works ? startSweep(db, deps.log) : null
  return {
    vapidPublicKey: keys.publicKey,
    links,
    sent(size) {
      pace.observe(size)
      relay.wake()
    },
    changed: () => relay.wake(),
    async stop() {
      await relay.stop()
      await Promise.all([queue.stop(), sweep?.stop()])
      await worker?.stop()
    },
  }
}

interface SendingDeps {
  readonly log: (line: string) => void
  readonly recorded: (settlements: readonly Settlement[]) => void
  readonly pace: Pace
  readonly links: Links
  readonly keys: VapidKeys
}

// A push is one round trip, all of which can make a double when the process is killed: more at once only for services that are far
// away. An email is four, of which only the last can, and the pool has few lines.
const PUSH_SLOTS = { most: 32, worth: 0.8, far: 20 }
// Those whose facts are read while others are under way: fewer and larger reads.
const AHEAD = 24

async function startSending(config: Config, db: Db, { log, recorded, pace, links, keys }: SendingDeps) {
  const { mail, push, dataDir, publicUrl } = config
  const { emailDelaySeconds } = mail
  const email = createEmail({ mail, dataDir, publicUrl, links, log })
  const subject = push.vapid.subject ?? subjectOf(config)
  const { fcm, apns, webPushAllow } = push
  const pushes = createPush({ vapid: { ...keys, subject }, fcm, apns, webPushAllow })
  const journal = await openJournal(join(dataDir, 'journal'), db, log)
  const pushSlots = createSlots(PUSH_SLOTS)
  const worker = startWorker({
    db,
    pace,
    log,
    recorded(settlements) {
      journal.recorded(settlements)
      recorded(settlements)
    },
    closeServices: () => Promise.all([email.close(), pushes.close()]),
    lanes: [
      {
        channel: 'email',
        concurrency: () => email.concurrency + AHEAD,
        pausedMs: email.pausedMs,
        failed: tryAgain,
        deliver: createEmailDelivery(db, {
          send: email.send,
          noteSent: journal.note,
          emailDelaySeconds,
          slots: fixedSlots(email.concurrency),
        }),
      },
      {
        channel: 'push',
        concurrency: () => pushSlots.limit() + AHEAD,
        failed: tryAgain,
        deliver: createPushDelivery(db, {
          send: pushes.send,
          noteSent: journal.note,
          emailDelaySeconds,
          slots: pushSlots,
        }),
      },
    ],
  })
  return {
    wake: worker.wake,
    async stop() {
      await worker.stop()
      journal.close()
    },
  }
}

/** Whom a push service may write to about us (RFC 8292). */
function subjectOf({ mail, publicUrl }: Config): string {
  if (mail.mailFrom) return `mailto:${mail.mailFrom.address}`
  return publicUrl.startsWith('https:') ? publicUrl : 'mailto:snug@localhost'
}
