import { type Config, ConfigError, readConfig } from '../config.ts'
import { checkDatabase } from './database.ts'
import { checkDisk } from './disk.ts'
import { checkMail } from './mail.ts'
import { checkSecrets } from './secrets.ts'

/** What the doctor finds. A fault keeps Snug from working; a notice is worth a thought. */
export interface Finding {
  readonly kind: 'good' | 'notice' | 'fault'
  readonly subject: string
  readonly says: string
  /** What to do about it. */
  readonly advice?: string
}

/** Checks one thing after the other, each told as soon as it is known. Changes nothing that is there. */
export async function* checkEverything(
  env: Readonly<Record<string, string | undefined>>,
): AsyncGenerator<Finding> {
  let config: Config
  try {
    config = readConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    yield {
      kind: 'fault',
      subject: 'configuration',
      says: error.message,
      advice: 'correct the variable, then run this again',
    }
    return
  }
  yield { kind: 'good', subject: 'configuration', says: 'every variable can be used' }
  yield* checkDisk(config)
  yield* checkSecrets(config)
  yield* checkDatabase(config)
  yield* checkMail(config)
}

/** What an error says, without the stack. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n', 1)[0] || error.name : String(error)
}
