import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Channel, NoteSent } from '../domain/delivery.ts'
import { ensureFolder } from '../folders.ts'
import type { Queryable } from '../store/db.ts'
import { recordSent, type Sent } from '../store/sent-journal.ts'

/**
 * What services have taken and the database does not know yet. Written to a file the moment it is taken, without waiting for the
 * disk: a process that is killed leaves the file, and the next one on this data folder records what is in it before it claims
 * anything. So what comes twice after a kill is what a service took and had not answered yet, not what waited for our record.
 */
export interface Journal {
  readonly note: NoteSent
  /** It is in the database now. */
  recorded(settled: readonly { readonly messageId: string; readonly channel: Channel }[]): void
  close(): void
}

/** A line, and how many of its messages are not recorded yet. */
interface Entry {
  readonly line: string
  left: number
}

// Beyond this the file is written anew with what is not recorded yet, unless that is most of it.
const BYTES_MOST = 256 * 1_024
const FILE = /^([0-9a-f]{8})-(\d+)-[0-9a-f]{12}$/
// Of another machine nothing is known but that it has not written for so long.
const ABANDONED_MS = 60_000
const MESSAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const HERE = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/**
 * Opens the journal of this process, and records what others have left that are no more.
 * @param folder made when it is missing
 * @throws {StoreUnavailable}, or an error of the file system: without a journal no work is begun
 */
export async function openJournal(
  folder: string,
  db: Queryable,
  log: (line: string) => void,
): Promise<Journal> {
  ensureFolder(folder)
  for (const path of leftBehind(folder)) {
    await recordSent(db, readJournal(path))
    fs.rmSync(path, { force: true })
  }
  return new FileJournal(join(folder, `${HERE}-${process.pid}-${randomBytes(6).toString('hex')}`), log)
}

class FileJournal implements Journal {
  readonly #path: string
  readonly #log: (line: string) => void
  #file: number
  #bytes = 0
  #failing = false
  readonly #open = new Map<string, Entry[]>()
  readonly #entries = new Set<Entry>()

  constructor(path: string, log: (line: string) => void) {
    this.#path = path
    this.#log = log
    this.#file = fs.openSync(path, 'ax', 0o600)
  }

  readonly note: NoteSent = (messageIds, channel, deviceId) => {
    const entry = { line: `${JSON.stringify([messageIds, channel, deviceId])}\n`, left: messageIds.length }
    this.#entries.add(entry)
    for (const id of messageIds) {
      const key = `${channel} ${id}`
      this.#open.set(key, [...(this.#open.get(key) ?? []), entry])
    }
    this.#attempt(() => {
      this.#bytes += fs.writeSync(this.#file, entry.line)
    })
  }

  recorded(settled: readonly { readonly messageId: string; readonly channel: Channel }[]): void {
    for (const { messageId, channel } of settled) {
      const key = `${channel} ${messageId}`
      for (const entry of this.#open.get(key) ?? []) if (--entry.left === 0) this.#entries.delete(entry)
      this.#open.delete(key)
    }
    if (this.#bytes > BYTES_MOST && this.#bytes > 200 * this.#open.size) this.#attempt(() => this.#rewrite())
  }

  close(): void {
    fs.closeSync(this.#file)
    if (this.#open.size === 0) fs.rmSync(this.#path, { force: true })
  }

  #rewrite(): void {
    const next = fs.openSync(`${this.#path}.next`, 'w', 0o600)
    const left = [...this.#entries].map(({ line }) => line).join('')
    fs.writeSync(next, left)
    fs.renameSync(`${this.#path}.next`, this.#path)
    fs.closeSync(this.#file)
    this.#file = next
    this.#bytes = Buffer.byteLength(left)
  }

  /** A full disk must not turn what was sent into what failed: it is recorded in the database, only not before a kill. */
  #attempt(write: () => void): void {
    try {
      write()
      this.#failing = false
    } catch (error) {
      if (!this.#failing)
        this.#log(`the journal of notifications cannot be written: ${(error as Error).message}`)
      this.#failing = true
    }
  }
}

/**
 * Journals of processes that have ended. A number of ours with another name is of a process before us: in a container every one may
 * have the same.
 */
function leftBehind(folder: string): string[] {
  const paths: string[] = []
  for (const name of fs.readdirSync(folder)) {
    const path = join(folder, name)
    const [, host, pid] = FILE.exec(name.replace(/\.next$/, '')) ?? []
    if (pid === undefined) continue
    const here = host === HERE && (Number(pid) === process.pid || !isAlive(Number(pid)))
    const elsewhere = host !== HERE && Date.now() - fs.statSync(path).mtimeMs > ABANDONED_MS
    if (here || elsewhere) paths.push(path)
  }
  return paths
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
  return fs.readFileSync(path, 'utf8').split('\n').flatMap(readLine)
}

function readLine(line: string): Sent[] {
  try {
    const [messageIds, channel, deviceId] = JSON.parse(line)
    if (channel !== 'email' && channel !== 'push') return []
    return messageIds
      .filter((id: unknown) => typeof id === 'string' && MESSAGE_ID.test(id))
      .map((messageId: string) => ({ messageId, channel, deviceId }))
  } catch {
    return []
  }
}
