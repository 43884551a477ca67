import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config.ts'
import type { Finding } from './index.ts'

const LOW_BYTES = 1024 ** 3
const EMPTY_BYTES = 100 * 1024 ** 2

/** Whether the data folder can be written, and how much room there is. */
export function* checkDisk({ dataDir }: Config): Generator<Finding> {
  const subject = 'disk'
  let folder = dataDir
  while (!existsSync(folder)) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch {
    const advice = 'give the folder to the user that runs Snug, or set SNUG_DATA_DIR to another one'
    yield { kind: 'fault', subject, says: `${folder} cannot be written`, advice }
    return
  }
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const says = `${(free / 1024 ** 3).toFixed(1)} GiB free for ${dataDir}`
  const advice = 'make room: when the disk is full, messages cannot be sent'
  if (free < EMPTY_BYTES) yield { kind: 'fault', subject, says, advice }
  else if (free < LOW_BYTES) yield { kind: 'notice', subject, says, advice }
  else yield { kind: 'good', subject, says }
}
