import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Finding } from './index.ts'

const SHORT = 16

/** The service key and the token secret: where they are, and whether others can read them. Never what they are. */
export function* checkSecrets(config: Config): Generator<Finding> {
  const subject = 'secrets'
  if (config.serviceKeys.some((key) => key.length < SHORT)) {
    const advice = 'make a longer one with: openssl rand -hex 32'
    yield { kind: 'notice', subject, says: `SNUG_SERVICE_KEY has a key of under ${SHORT} characters`, advice }
  }
  const kept = [
    ...(config.serviceKeys.length === 0 ? ['service-key'] : []),
    ...(config.jwtSecret === null ? ['jwt-secret'] : []),
  ].map((name) => join(config.dataDir, name))
  for (const path of kept) {
    if (!existsSync(path)) yield { kind: 'good', subject, says: `${path} will be made at the first start` }
    else if ((statSync(path).mode & 0o077) !== 0) {
      yield {
        kind: 'fault',
        subject,
        says: `${path} can be read by other users`,
        advice: `chmod 600 ${path}`,
      }
    } else yield { kind: 'good', subject, says: `${path} is readable by its owner alone` }
  }
  if (kept.length === 0) yield { kind: 'good', subject, says: 'set by the environment' }
}
