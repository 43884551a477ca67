/** An answer that cannot be used; the message is fit for a log, with nothing of the answer or the URL in it. */
export class FetchFault extends Error {
  override name = 'FetchFault'
}

/** A JWKS of 64 RSA keys of 4096 bits is 60 KB. */
const MAX_BYTES = 262_144

/**
 * Reads a small JSON document. A redirect is a fault: it could lead from the host the operator named into the
 * inner network. The size is counted after decompression, so that a zip bomb counts in full.
 * @param deadlineMs for everything, up to the last byte: a server that drips must not hold a fetch for ever.
 * @throws {FetchFault}
 */
export async function fetchJson(url: string, deadlineMs: number, closing: AbortSignal): Promise<unknown> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(deadlineMs)])
  try {
    const headers = { accept: 'application/json' }
    const response = await fetch(url, { redirect: 'manual', signal, headers })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new FetchFault(`HTTP ${response.status}`)
    }
    return parse(await readAll(response))
  } catch (error) {
    throw error instanceof FetchFault ? error : new FetchFault(reasonOf(error, deadlineMs))
  }
}

async function readAll(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop by a throw cancels the body, and with it the connection.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BYTES) throw new FetchFault(`larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The parser's own message quotes what it read. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new FetchFault('not JSON')
  }
}

/** fetch's own messages can hold the URL, which can hold a password. */
function reasonOf(error: unknown, deadlineMs: number): string {
  if (!(error instanceof Error)) return 'failed'
  if (error.name === 'TimeoutError') return `no whole answer within ${deadlineMs} ms`
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'failed'
}
