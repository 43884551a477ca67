const WORDS_MOST = 300

/**
 * A service's words as they can be kept and shown anywhere (a log, a table, JSON, a terminal): one line without control or invisible
 * characters, of at most 300 code points. Cleaning twice changes nothing.
 */
export function wordsOf(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  const points = Array.from(line)
  return points.length <= WORDS_MOST ? line : `${points.slice(0, WORDS_MOST - 1).join('')}…`
}
