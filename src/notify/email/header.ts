/** As a reader is shown them: decoded. */
export interface HeaderFields {
  readonly to: string
  readonly subject: string
}

/** Reads address and subject out of the start of a mail that we wrote; not meant for the mails of others. */
export function readHeader(mail: string): HeaderFields {
  const header = mail.split(/\r?\n\r?\n/, 1)[0]!.replace(/\r?\n(?=[ \t])/g, '')
  const to = fieldOf(header, 'To')
  return { to: /<([^<>]*)>$/.exec(to)?.[1] ?? to, subject: decodeWords(fieldOf(header, 'Subject')) }
}

function fieldOf(header: string, name: string): string {
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(header)?.[1]?.trim() ?? ''
}

/** RFC 2047. Bytes are put together before they are read as UTF-8, since a character may be spread over two words. */
function decodeWords(text: string): string {
  const words = /=\?utf-8\?([QB])\?([^?]*)\?=(?:[ \t]+(?==\?utf-8\?))?/gi
  const parts: Buffer[] = []
  let from = 0
  for (const match of text.matchAll(words)) {
    const [whole, kind, encoded] = match as unknown as [string, string, string]
    parts.push(Buffer.from(text.slice(from, match.index)))
    parts.push(kind.toUpperCase() === 'B' ? Buffer.from(encoded, 'base64') : quotedBytes(encoded))
    from = match.index + whole.length
  }
  parts.push(Buffer.from(text.slice(from)))
  return Buffer.concat(parts).toString('utf8')
}

function quotedBytes(encoded: string): Buffer {
  const bytes = encoded
    .replaceAll('_', ' ')
    .replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}
