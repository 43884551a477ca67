import { UUID_PATTERN } from '../../contract/common.ts'
import { NOTIFICATION_REASONS } from '../../contract/notification-records.ts'
import { readConfig } from '../config.ts'
import { joinDatabase } from '../database.ts'
import type { Db } from '../store/db.ts'
import {
  failedNotifications,
  type NotificationRecord,
  notificationsOfMessage,
  retryFailed,
} from '../store/notification-records.ts'
import { toStderr, UsageError } from './help.ts'
import type { Command } from './index.ts'

const LIMIT_DEFAULT = 100
const RETRY_AT_ONCE = 1_000
const UUID = new RegExp(UUID_PATTERN)

export const notifications: Command = {
  help: `snug notifications failed [--limit <n>]
snug notifications retry [--message <id>]
snug notifications why <message id>

failed: lists the emails and pushes that were given up, the newest first, with the words of the service that refused them.
retry: has them tried again, all of them or those of one message. Devices that have a push do not get it twice.
why: tells what became of the notifications of one message. Kept for 30 days.
Works beside a Snug that serves.
`,
  options: { limit: { type: 'string' }, message: { type: 'string' } },
  async run(values, [verb, ...more]) {
    const work = workOf(verb, more, values)
    const database = await joinDatabase(readConfig(process.env), toStderr)
    try {
      return await work(database.db)
    } finally {
      await database.close()
    }
  },
}

type Work = (db: Db) => Promise<number>

function workOf(
  verb: string | undefined,
  more: readonly string[],
  values: Readonly<Record<string, unknown>>,
): Work {
  if (verb === 'failed' && more.length === 0) return (db) => listFailed(db, limitOf(values.limit))
  if (verb === 'retry' && more.length === 0) return (db) => retry(db, messageOf(values.message))
  if (verb === 'why' && more.length === 1) return (db) => why(db, messageOf(more[0]) as string)
  throw new UsageError(
    'One of these is needed: failed, retry, why <message id>. See: snug notifications --help',
  )
}

function limitOf(value: unknown): number {
  if (value === undefined) return LIMIT_DEFAULT
  if (!/^[1-9]\d{0,5}$/.test(String(value)))
    throw new UsageError('--limit must be a whole number from 1 to 999999')
  return Number(value)
}

function messageOf(value: unknown): string | null {
  if (value === undefined) return null
  if (!UUID.test(String(value))) throw new UsageError(`${value} is no message id`)
  return String(value)
}

async function listFailed(db: Db, limit: number): Promise<number> {
  const records = await failedNotifications(db, limit)
  for (const record of records) {
    const { settledAt, channel, communityId, recipientId, messageId, attempts, error } = record
    const when = String(settledAt).slice(0, 19)
    process.stdout.write(
      `${when}  ${channel.padEnd(5)}  ${communityId}  to ${recipientId}  message ${messageId}  ${attempts} attempts  ${error ?? ''}\n`,
    )
  }
  toStderr(
    records.length === 0
      ? 'None has failed.'
      : `${records.length} shown. Try them again: snug notifications retry`,
  )
  return 0
}

async function retry(db: Db, messageId: string | null): Promise<number> {
  let retried = 0
  for (let done = RETRY_AT_ONCE; done === RETRY_AT_ONCE; retried += done)
    done = await retryFailed(db, messageId, RETRY_AT_ONCE)
  toStderr(retried === 0 ? 'None has failed.' : `${retried} are tried again, by the workers that run.`)
  return 0
}

async function why(db: Db, messageId: string): Promise<number> {
  const records = await notificationsOfMessage(db, messageId)
  for (const record of records) process.stdout.write(`${record.channel.padEnd(5)}  ${inWords(record)}\n`)
  if (records.length > 0) return 0
  toStderr('Nothing is known of that message: it is older than 30 days, was imported, or does not exist.')
  return 1
}

function inWords({ state, reason, dueAt, settledAt, attempts, error }: NotificationRecord): string {
  const because = [reason && NOTIFICATION_REASONS[reason], error].filter(Boolean).join('; ')
  const tail = because === '' ? '' : `: ${because}`
  if (state !== 'waiting') return `${state} at ${String(settledAt).slice(0, 19)} UTC${tail}`
  return `waits until ${dueAt.slice(0, 19)} UTC, ${attempts} attempts so far${tail}`
}
