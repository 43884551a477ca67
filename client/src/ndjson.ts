import { noAnswer } from './errors.ts'
import { stopIfAborted } from './timing.ts'

// NDJSON, one object a line: CONTRACT §7.

/** A body of lines: a stream where fetch can send one, else all of it. */
export async function streamOf(
  lines: Iterable<object> | AsyncIterable<object>,
): Promise<ReadableStream<Uint8Array> | string> {
  const text = textOf(lines)
  if (!canStream()) {
    let all = ''
    for await (const part of text) all += part
    return all
  }
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await text.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await text.return(undefined)
    },
  })
}

// A line may be as short as 50 characters; sent one by one they would cost more than they hold.
const CHUNK = 16_384

async function* textOf(lines: Iterable<object> | AsyncIterable<object>): AsyncGenerator<string, void> {
  let chunk = ''
  for await (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = ''
  }
  if (chunk) yield chunk
}

/** Browsers that cannot stream a body make text of it, and never ask how it is to be sent. */
function canStream(): boolean {
  let asked = false
  try {
    const request = new Request('http://localhost', {
      method: 'POST',
      body: new ReadableStream(),
      get duplex() {
        asked = true
        return 'half'
      },
    } as RequestInit)
    return asked && !request.headers.has('content-type')
  } catch {
    return false
  }
}

/** The objects of an answer, as they come. @throws {ConnectionError} when it is cut off; the signal's reason */
export async function* linesOf<T>(response: Response, signal?: AbortSignal): AsyncGenerator<T, void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        stopIfAborted(signal)
        throw noAnswer(cause, 'The export was cut off')
      })
      const lines = (rest + decoder.decode(value, { stream: !done })).split('\n')
      rest = lines.pop() as string
      for (const line of lines) if (line) yield JSON.parse(line) as T
      if (done) return
    }
  } finally {
    // Whoever leaves early ends the answer as well.
    await reader.cancel().catch(() => {})
  }
}
