import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import type { Channel, NoteSent } from '../domain/delivery.ts'
import { ensureFolder } from '../folders.ts'
import type { Queryable } from '../store/db.ts'
import { recordSent, type Sent } from '../store/sent-journal.ts'

/**
 * What services have taken and the database does not know yet. Written to a file the moment it is taken, without waiting for the
 * disk: a process that is killed leaves the file, and the next one on this data folder records what is in it before it claims
 * anything. (Measured: test/notify/chaos.test.ts, ten kills at full speed. Without the journal about ten a kill came twice,
 * those whose record was still under way.)
 */
export interface Journal {
  readonly note: NoteSent
  /** It is in the database now. */
  recorded(settled: readonly { readonly messageId: string; readonly channel: Channel }[]): void
  close(): void
}

// Beyond this the file is written anew with what is not recorded yet.
const BYTES_MOST = 256 * 1_024
const FILE = /^(\d+)-[0-9a-f]{12}$/

/**
 * Opens the journal of this process, and records what others have left that are no more.
 * @param folder made when it is missing
 * @throws {StoreUnavailable}, or an error of the file system: without a journal no work is begun
 */
export async function openJournal(folder: string, db: Queryable): Promise<Journal> {
  ensureFolder(folder)
  for (const path of leftBehind(folder)) {
    await recordSent(db, readJournal(path))
    fs.rmSync(path, { force: true })
  }
  const path = join(folder, `${process.pid}-${randomBytes(6).toString('hex')}`)
  let file = fs.openSync(path, 'ax', 0o600)
  let bytes = 0
  const open = new Map<string, string>()

  const append = (line: string) => {
    bytes += fs.writeSync(file, line)
  }
  const rewrite = () => {
    const next = fs.openSync(`${path}.next`, 'w', 0o600)
    const left = [...open.values()].join('')
    fs.writeSync(next, left)
    fs.renameSync(`${path}.next`, path)
    fs.closeSync(file)
    file = next
    bytes = Buffer.byteLength(left)
  }
  return {
    note(messageId, channel, deviceId) {
      const line = `${JSON.stringify([messageId, channel, deviceId])}\n`
      const key = `${channel} ${messageId}`
      open.set(key, (open.get(key) ?? '') + line)
      append(line)
    },
    recorded(settled) {
      for (const { messageId, channel } of settled) open.delete(`${channel} ${messageId}`)
      if (bytes > BYTES_MOST && bytes > 2 * 100 * open.size) rewrite()
    },
    close() {
      fs.closeSync(file)
      if (open.size === 0) fs.rmSync(path, { force: true })
    },
  }
}

/** Journals of processes that have ended. In containers every process may have the same number: ours is then another's. */
function leftBehind(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => {
      const pid = Number(FILE.exec(name)?.[1])
      return pid === process.pid || (pid > 0 && !isAlive(pid))
    })
    .map((name) => join(folder, name))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A kill can leave half of the last line. */
function readJournal(path: string): Sent[] {
  return fs
    .readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const [messageId, channel, deviceId] = JSON.parse(line)
        return [{ messageId, channel, deviceId }]
      } catch {
        return []
      }
    })
}
