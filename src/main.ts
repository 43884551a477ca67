import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createListConversations } from './actions/list-conversations.ts'
import { createIdMaker } from './actions/message-ids.ts'
import { createSendMessage } from './actions/send-message.ts'
import type { Config } from './config.ts'
import { type Database, openDatabase } from './database.ts'
import { type Demo, makeDemo } from './demo.ts'
import { createApp } from './http/app.ts'
import { drain } from './http/drain.ts'
import { createListCache } from './http/list-cache.ts'
import { createMetrics } from './http/metrics.ts'
import type { TrialMail } from './http/routes/mail.ts'
import { listMail, readMail } from './notify/email/mailbox.ts'
import { startNotifying } from './notifying.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { readInstallation } from './store/installation.ts'
import { isMigrated, migrate, readMigrations } from './store/migrate.ts'
import { notificationBacklog } from './store/notification-records.ts'
import { startStreaming } from './streaming.ts'
import { createSigner } from './tokens/sign.ts'
import { createVerifier } from './tokens/verify.ts'

/** A Snug that serves. */
export interface Snug {
  readonly app: FastifyInstance
  /** Where it listens, as a URL. */
  readonly url: string
  readonly secrets: Secrets
  readonly database: Database
  /** Null unless this is the trial (CONTRACT §8). */
  readonly demo: Demo | null
  /** Makes a token for a user. @param expiresIn seconds */
  readonly sign: (userId: string, expiresIn: number) => { access_token: string; expires_at: string }
  /** Takes no more requests, answers those begun, then lets go of the database. */
  stop(): Promise<void>
}

/**
 * Starts everything and wires it together, the only place that does.
 * @param log takes lines for the operator
 * @param now the clock of the streams, in milliseconds since 1970
 * @throws {ConfigError} {EmbeddedError} {SchemaError} {StoreUnavailable} with a line that says what to do
 */
export async function startSnug(
  config: Config,
  log: (line: string) => void,
  now: () => number = Date.now,
): Promise<Snug> {
  const secrets = loadSecrets(config)
  const database = await openDatabase(config, log)
  const { db } = database
  const undo: (() => unknown)[] = [() => database.close()]
  try {
    const migrations = readMigrations()
    await migrate(db, migrations)
    const sign = createSigner({
      secret: secrets.jwtSecret,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
    })
    const verifier = createVerifier({
      secret: secrets.jwtSecret,
      jwks: config.jwksUrl === null ? null : { url: config.jwksUrl },
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      log,
    })
    undo.push(() => verifier.close())
    const metrics = createMetrics({ connections: db.counts, backlog: () => notificationBacklog(db) })
    const installation = await readInstallation(db)
    const secret = installation.linkSecret
    const streaming = await startStreaming(config, db, { secret, stats: metrics.streams, log, now })
    undo.push(() => streaming.close())
    const notifying = await startNotifying(config, db, {
      installation,
      publish: streaming.publish,
      log,
      recorded: metrics.observeNotifications,
    })
    undo.push(() => notifying.stop())
    const sendMessage = createSendMessage(db, {
      stored: streaming.sent,
      batch(size) {
        metrics.observeBatch(size)
        notifying.sent(size)
      },
    })
    const { corsOrigins, logLevel } = config
    const app = await createApp({
      db,
      ids: createIdMaker(),
      sign,
      verifier,
      metrics,
      sendMessage,
      listConversations: createListConversations(db),
      listCache: createListCache(config.listCacheBytes),
      serviceKeys: secrets.serviceKeys,
      streams: streaming.streams,
      changed: notifying.changed,
      corsOrigins,
      logLevel,
      ready: () => isMigrated(db, migrations),
      emailDelaySeconds: config.mail.emailDelaySeconds,
      vapidPublicKey: notifying.vapidPublicKey,
      webPushAllow: config.push.webPushAllow,
      readUnsubscribe: notifying.links.readUnsubscribe,
      webFolder: join(import.meta.dirname, '../web/dist'),
      ...config.web,
      trialMail: config.showsMail ? trialMailOf(config.dataDir) : null,
    })
    undo.push(() => drain(app))
    undo.push(() => streaming.end())
    const demo = config.trial ? await makeDemo(db, sendMessage) : null
    await app.listen({ host: config.host, port: config.port })
    return { app, url: urlOf(app), secrets, database, demo, sign, stop: once(() => runBackwards(undo)) }
  } catch (error) {
    await runBackwards(undo)
    throw error
  }
}

const TRIAL_MAILS = 50

function trialMailOf(dataDir: string): TrialMail {
  return { list: () => listMail(dataDir, TRIAL_MAILS), read: (file) => readMail(dataDir, file) }
}

function urlOf(app: FastifyInstance): string {
  const { address, port, family } = app.server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function runBackwards(steps: readonly (() => unknown)[]): Promise<void> {
  for (const step of steps.toReversed()) await step()
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
