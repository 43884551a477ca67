import { closeSync, copyFileSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'

const MAX_BYTES = 8 * 1024 * 1024
const TAIL_BYTES = 2048

/** The file that PostgreSQL's messages go to, at most 8 MB and one older part of 8 MB (and what a minute adds). */
export interface LogFile {
  readonly path: string
  readonly fd: number
  /** Where it ends now, for `since`. */
  end(): number
  /** What was written since then; its last 2 KB when it is more. */
  since(position: number): string
  trim(): void
  close(): void
}

/**
 * Opened by Snug and handed down, so that PostgreSQL's user needs no right to it, and one more process (the logging
 * collector) is saved. Opened for appending, hence it can be emptied under a server that goes on writing.
 */
export function openLogFile(path: string): LogFile {
  const fd = openSync(path, 'a+', 0o600)
  const end = () => fstatSync(fd).size
  const log: LogFile = {
    path,
    fd,
    end,
    since(position) {
      const size = end()
      const from = Math.max(position <= size ? position : 0, size - TAIL_BYTES)
      const buffer = Buffer.alloc(size - from)
      const read = readSync(fd, buffer, 0, buffer.length, from)
      return buffer.subarray(0, read).toString('utf8').trim()
    },
    trim() {
      if (end() <= MAX_BYTES) return
      copyFileSync(path, `${path}.old`)
      ftruncateSync(fd, 0)
    },
    close: () => closeSync(fd),
  }
  log.trim()
  return log
}
