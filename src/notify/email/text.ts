/** What a name may take up in a subject or beside an address; longer ones push what matters out of sight. */
const NAME_MAX = 80
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * A name as it may stand in a header, a subject and a line of text: one line, no control characters, nothing that turns
 * the direction of writing for what follows (an RLO makes "gpj.exe" of "exe.jpg"), and at most 80 UTF-16 units.
 * `=?` is taken apart, since mail clients decode RFC 2047's words even where the RFC forbids it, within quotes.
 * @param unnamed what stands for a name of which nothing is left
 */
export function cleanName(name: string, unnamed: string): string {
  const line = name
    .toWellFormed()
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/=(?=\?)/g, '= ')
    .trim()
  return cutAtWord(line, NAME_MAX) || unnamed
}

/** A message's text with `\n` as its only line end and tab as its only other control character. */
export function cleanContent(content: string): string {
  return (
    content
      .toWellFormed()
      .replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      .replace(/[\0-\x08\x0e-\x1f\x7f-\x9f]/g, '')
      .trim()
  )
}

/**
 * The text, or its start and an ellipsis: cut between words; within one that is longer than a fifth of `most`, between
 * characters as the reader sees them.
 * @param most UTF-16 units, without the ellipsis
 */
export function cutAtWord(text: string, most: number): string {
  if (text.length <= most) return text
  // With the unit after it, so that a word that ends exactly there stays whole.
  const gap = text.slice(0, most + 1).search(/\s\S*$/)
  const end = gap >= most * 0.8 ? text.slice(0, gap) : wholeStart(text, most)
  return `${end.trimEnd()}…`
}

/** The start of a text in whole characters: no half of a surrogate pair, no accent or skin tone torn off. */
function wholeStart(text: string, most: number): string {
  const last = graphemes.segment(text.slice(0, most + 64)).containing(most)
  if (last !== undefined && last.index > most - 64) return text.slice(0, last.index)
  // A pile of combining marks is one character without end: then pairs alone are kept whole.
  const code = text.charCodeAt(most - 1)
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? most - 1 : most)
}
