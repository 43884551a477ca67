import type { Config } from '../config.ts'
import { type Database, joinDatabase } from '../database.ts'
import { databaseHealth, type Health } from '../store/health.ts'
import { isMigrated } from '../store/migrate.ts'
import { type Finding, wordsOf } from './index.ts'

const VERSION_MIN = 150_000
const CLOCKS_APART_S = 5
const subject = 'database'

/** Whether the database can be reached and keeps what it acknowledges, and whether its clock is ours. */
export async function* checkDatabase(config: Config): AsyncGenerator<Finding> {
  let database: Database
  try {
    database = await joinDatabase(config, () => {})
  } catch (error) {
    yield { kind: 'fault', subject, says: wordsOf(error), advice: adviceFor(config) }
    return
  }
  try {
    const began = Date.now()
    const health = await databaseHealth(database.db)
    const halfway = (began + Date.now()) / 2
    yield { kind: 'good', subject, says: `reached: ${database.place}` }
    yield* judge(health)
    yield judgeClock(health.epoch - halfway / 1000)
    const migrated = await isMigrated(database.db).catch(() => false)
    if (migrated) yield { kind: 'good', subject: 'schema', says: 'up to date' }
    else
      yield {
        kind: 'notice',
        subject: 'schema',
        says: 'behind this Snug',
        advice: 'snug serve brings it up to date, or: snug migrate',
      }
  } catch (error) {
    yield { kind: 'fault', subject, says: wordsOf(error), advice: adviceFor(config) }
  } finally {
    await database.close()
  }
}

function adviceFor({ databaseUrl }: Config): string {
  if (databaseUrl === null) return 'postgres.log in the data folder says more'
  return 'check DATABASE_URL: that the server is up, the database is there, and the role has its rights'
}

function* judge(health: Health): Generator<Finding> {
  const { version, serverVersion } = health
  if (version < VERSION_MIN) {
    yield {
      kind: 'fault',
      subject,
      says: `PostgreSQL ${serverVersion}`,
      advice: 'Snug needs PostgreSQL 15 or newer',
    }
  } else yield { kind: 'good', subject, says: `PostgreSQL ${serverVersion}` }
  const off = (['fsync', 'fullPageWrites'] as const).filter((name) => health[name] !== 'on')
  if (off.length > 0) {
    const advice = 'turn fsync and full_page_writes on: without them a crash loses acknowledged messages'
    yield { kind: 'fault', subject, says: `${off.join(' and ')} off`, advice }
  } else yield { kind: 'good', subject, says: 'fsync, full_page_writes and synchronous_commit are on' }
  if (health.encoding !== 'UTF8') {
    yield {
      kind: 'fault',
      subject,
      says: `encoding ${health.encoding}`,
      advice: "create the database with encoding 'UTF8'",
    }
  }
  if (health.readOnly) {
    yield {
      kind: 'fault',
      subject,
      says: 'read-only',
      advice: 'point DATABASE_URL at the primary, not a replica',
    }
  }
}

function judgeClock(apart: number): Finding {
  const says = `the database's is ${Math.abs(apart).toFixed(1)} s ${apart < 0 ? 'behind' : 'ahead of'} ours`
  if (Math.abs(apart) < CLOCKS_APART_S) return { kind: 'good', subject: 'clock', says }
  return {
    kind: 'fault',
    subject: 'clock',
    says,
    advice: 'set both by NTP: tokens end too early or too late',
  }
}
