import type { ComponentChildren } from 'preact'

// Only what says by itself that it is an address of the web: never `javascript:`, and never a word that merely looks like a host. What
// turns the direction of writing ends it, so that an address cannot be shown in another order than it is.
const LINK = /https?:\/\/[^\s<>"'`\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/gi
// A full stop after an address is the sentence's.
const TRAILING = /[.,:;!?)\]}]+$/

function linkOf(text: string): { href: string; shown: string } | null {
  const trailing = TRAILING.exec(text)?.[0] ?? ''
  // Brackets that were opened within belong to it.
  const closes = trailing.startsWith(')') && text.includes('(') ? 1 : 0
  const shown = text.slice(0, text.length - trailing.length + closes)
  if (!URL.canParse(shown)) return null
  const url = new URL(shown)
  // A name before the host is how one is made to look like another.
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '')
    return null
  return { href: url.href, shown }
}

/** A message's text: as text, whatever it holds, with addresses to click on. */
export function Text({ text }: { text: string }) {
  const parts: ComponentChildren[] = []
  let at = 0
  for (const match of text.matchAll(LINK)) {
    const link = linkOf(match[0])
    if (!link) continue
    parts.push(
      text.slice(at, match.index),
      <a href={link.href} target="_blank" rel="noopener noreferrer nofollow ugc" dir="ltr">
        {link.shown}
      </a>,
    )
    at = match.index + link.shown.length
  }
  parts.push(text.slice(at))
  return <>{parts}</>
}

const EMOJI =
  /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|\s){1,40}$/u
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const LARGE_MOST = 6

/** Nothing but a few emoji. */
export function isEmojiOnly(text: string): boolean {
  return (
    EMOJI.test(text) &&
    text.trim() !== '' &&
    [...segmenter.segment(text.replace(/\s/g, ''))].length <= LARGE_MOST
  )
}
