import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { Letter } from '../../domain/delivery.ts'
import { ensureFolder } from '../../folders.ts'
import { wordsOf } from '../words.ts'
import { type Compose, isAddress, safeId } from './compose.ts'
import { type HeaderFields, readHeader } from './header.ts'
import type { Email } from './index.ts'

const CONCURRENCY = 4
const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-[\w-]+\.eml$/
/** Ours come first in the file, and are shorter by far. */
const HEADER_BYTES = 8_192

/** The newest of them are kept: whoever never sets SMTP_URL must not have their disk filled by it. */
const KEEP = 1_000
/** To read the folder's names at each letter would cost more than the letter. */
const PRUNE_EVERY = 100

/**
 * Email without an SMTP server: each one a file in `<dataDir>/mail`, readable by us alone, for the trial's eyes. The newest 1,000 are kept,
 * and up to 100 more until the next look.
 */
export function createMailbox({ dataDir, compose }: { dataDir: string; compose: Compose }): Email {
  const folder = folderOf(dataDir)
  const transport = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  let untilPrune = 0
  return {
    concurrency: CONCURRENCY,
    pausedMs: () => 0,
    async send(letter) {
      if (!isAddress(letter.address)) return { kind: 'gone', words: 'not an address that can be sent to' }
      const mail = compose(letter)
      try {
        const { message } = await transport.sendMail(mail)
        ensureFolder(folder)
        await writeWhole(folder, nameOf(letter), message as Buffer)
        if (untilPrune-- <= 0) {
          untilPrune = PRUNE_EVERY - 1
          await prune(folder)
        }
        return { kind: 'sent' }
      } catch (error) {
        return { kind: 'later', words: wordsOf(String(error)), afterMs: null }
      }
    },
    async close() {},
  }
}

export interface FiledMail {
  /** Its name in the folder. */
  readonly file: string
  /** The address. */
  readonly to: string
  readonly subject: string
  /** Epoch milliseconds of its newest message. */
  readonly at: number
}

/**
 * The newest files of the mailbox, newest first; only their headers are read.
 * @param limit how many at most
 */
export async function listMail(dataDir: string, limit: number): Promise<FiledMail[]> {
  const folder = folderOf(dataDir)
  const newest = await namesIn(folder)
  const mails = await Promise.all(
    newest.slice(-limit || newest.length).map(async (file): Promise<FiledMail | null> => {
      const fields = await readFields(join(folder, file))
      return fields && { file, ...fields, at: timeOf(file) }
    }),
  )
  return mails.filter((mail) => mail !== null).reverse()
}

/** One file of the mailbox, whole; null for a name that is none. */
export async function readMail(dataDir: string, file: string): Promise<string | null> {
  if (!NAME.test(file)) return null
  return readFile(join(folderOf(dataDir), file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** Names of the mailbox's files, oldest first; none where there is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => NAME.test(name)).sort()
}

/** Never fails: the letter at hand has been written, and the next look may succeed. */
async function prune(folder: string): Promise<void> {
  const names = await namesIn(folder).catch(() => [])
  for (const name of names.slice(0, -KEEP)) await unlink(join(folder, name)).catch(() => {})
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'mail')
}

/** By what is in it, not by when it is written: sent again, it takes the place of the first. */
function nameOf({ messages }: Letter): string {
  const { id, createdAt } = messages.at(-1)!
  return `${new Date(createdAt).toISOString().replace(/[-:.]/g, '')}-${safeId(id)}.eml`
}

function timeOf(name: string): number {
  const [year, month, day, hours, minutes, seconds, ms] = NAME.exec(name)!.slice(1).map(Number)
  return Date.UTC(year!, month! - 1, day, hours, minutes, seconds, ms)
}

/** Readers see all of it or nothing, and so does whoever comes after a crash of the machine. */
async function writeWhole(folder: string, name: string, bytes: Buffer): Promise<void> {
  const temporary = join(folder, `${name}.${randomBytes(6).toString('hex')}`)
  const file = await open(temporary, 'wx', 0o600)
  try {
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(folder, name))
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
}

/** Null: removed in the meantime. */
async function readFields(path: string): Promise<HeaderFields | null> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (file === null) return null
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
    return readHeader(buffer.toString('utf8', 0, bytesRead))
  } finally {
    await file.close()
  }
}
