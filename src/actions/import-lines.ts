import { isUtf8 } from 'node:buffer'
import { errors } from '../../contract/errors.ts'
import { LINE_MAX } from '../../contract/transfer.ts'

/** A line as it came: its text, or why it has none. */
export interface RawLine {
  /** From 1, blank lines counted. */
  readonly number: number
  readonly text: string | null
  readonly fault: string | null
}

/** The lines that ended with one chunk of the input. */
export interface LineBlock {
  readonly lines: readonly RawLine[]
  /** How much of the input has been read. */
  readonly bytes: number
}

export const TOO_LONG = `Line is longer than ${LINE_MAX / 1024} KiB`

const NEWLINE = 10
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/**
 * Splits the input at its newlines, as bytes: a newline is never a part of another character in UTF-8, wherever the chunks are
 * cut. Blank lines and a byte order mark are passed over. A line over LINE_MAX is told as a fault, and never held whole: no
 * more than a line and a chunk are in memory.
 */
export async function* linesOf(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<LineBlock> {
  const line = createLine()
  let bytes = 0
  for await (const chunk of buffersOf(input)) {
    bytes += chunk.length
    const lines: RawLine[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      line.add(chunk.subarray(start, end))
      lines.push(line.end())
      start = end + 1
    }
    line.add(chunk.subarray(start))
    yield { lines: lines.filter(isNotBlank), bytes }
  }
  yield { lines: [line.end()].filter(isNotBlank), bytes }
}

function createLine(): { add(part: Buffer): void; end(): RawLine } {
  let number = 0
  let parts: Buffer[] = []
  let length = 0
  return {
    add(part) {
      length += part.length
      if (length > LINE_MAX) parts = []
      else if (part.length > 0) parts.push(part)
    },
    end() {
      number++
      const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
      const tooLong = length > LINE_MAX
      parts = []
      length = 0
      if (tooLong) return { number, text: null, fault: TOO_LONG }
      if (!isUtf8(whole)) return { number, text: null, fault: errors.invalidJson }
      const marked = number === 1 && whole.subarray(0, BOM.length).equals(BOM)
      return { number, text: whole.toString('utf8', marked ? BOM.length : 0), fault: null }
    },
  }
}

function isNotBlank(line: RawLine): boolean {
  return line.text === null || /\S/.test(line.text)
}

async function* buffersOf(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  // Half a surrogate pair at the end of a chunk belongs to the next one.
  let half = ''
  for await (const chunk of input) {
    if (typeof chunk !== 'string') {
      yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      continue
    }
    const text = half + chunk
    half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? ''
    yield Buffer.from(half === '' ? text : text.slice(0, -1))
  }
  if (half !== '') yield Buffer.from(half)
}

/** The input, ended with the signal's reason as soon as it aborts, also while the next chunk is waited for. */
export async function* untilAborted<T>(input: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = input[Symbol.asyncIterator]()
  let done = false
  try {
    while (!done) {
      signal.throwIfAborted()
      const next = await nextOrAbort(iterator, signal)
      if (next.done) done = true
      else yield next.value
    }
  } finally {
    // Not awaited: what waits for a chunk that never comes would not return either.
    if (!done) iterator.return?.().then(undefined, () => {})
  }
}

// Not Promise.race: one promise that lives as long as the input would hold on to every chunk.
function nextOrAbort<T>(iterator: AsyncIterator<T>, signal: AbortSignal): Promise<IteratorResult<T>> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}
