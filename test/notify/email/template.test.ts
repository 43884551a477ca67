import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { COLOURS } from '../../../src/notify/email/html.ts'
import { contentOf } from '../../../src/notify/email/template.ts'
import { cutAtWord } from '../../../src/notify/email/text.ts'
import { type LetterParts, letter } from '../letters.ts'

const AROUND = {
  threadUrl: 'https://snug.example/?community=a&user=b',
  unsubscribeUrl: 'https://snug.example/unsubscribe/x',
}
const write = (parts?: LetterParts) => contentOf(letter(parts), AROUND)

test('one message: who, where, what, and both links, in plain text and in HTML', () => {
  const { subject, text, html } = write({ contents: ['How long\ndoes it rest?'] })
  assert.equal(subject, 'New message from ada in The Whisky Club')
  assert.match(text, /^ada wrote to you in The Whisky Club:\n\n {4}How long\n {4}does it rest\?\n\n/)
  assert.match(html, /How long<br>\ndoes it rest\?/)
  assert.match(html, /href="https:\/\/snug\.example\/\?community=a&#38;user=b">Read and answer</)
  assert.match(html, /href="https:\/\/snug\.example\/unsubscribe\/x">Turn these emails off</)
  for (const url of Object.values(AROUND)) assert.ok(text.includes(`\n${url}\n`))
  for (const part of [text, html])
    assert.match(part, /You get this email because ada wrote to you in The Whisky Club/)
})

test('several messages: their number, in order; of more than 20 the newest, and how many are left out', () => {
  const three = write({ contents: ['first', 'second', 'third'] })
  assert.equal(three.subject, '3 new messages from ada in The Whisky Club')
  assert.match(three.text, /first[\s\S]*second[\s\S]*third/)
  const many = write({ contents: Array.from({ length: 22 }, (_, i) => `message-${i}.`) })
  assert.equal(many.subject, '22 new messages from ada in The Whisky Club')
  for (const part of [many.text, many.html]) {
    assert.ok(part.includes('2 earlier messages are in your inbox.'))
    assert.ok(!part.includes('message-1.') && part.includes('message-2.') && part.includes('message-21.'))
  }
})

test('of a letter that stands for more than it holds, all are counted', () => {
  const contents = Array.from({ length: 50 }, (_, i) => `message-${i}.`)
  const { subject, text, html } = write({ contents, count: 200 })
  assert.equal(subject, '200 new messages from ada in The Whisky Club')
  for (const part of [text, html]) {
    assert.ok(part.includes('ada wrote to you 200 times in The Whisky Club'))
    assert.ok(part.includes('180 earlier messages are in your inbox.'))
    assert.ok(!part.includes('message-29.') && part.includes('message-30.') && part.includes('message-49.'))
  }
})

const HOSTILE = [
  '</title><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' style='x",
  '<!-- ',
  '&lt;b&gt;',
  '\r\nBcc: eve@example.com',
  '\0\u001b[31m',
  '\u2028\u2029\u0085',
  '\u202eevil\u2066\u2069',
  '=?utf-8?q?=0D=0ABcc:_eve?=',
  '\ud800',
]

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 20 })), { maxLength: 8 })
    .map((all) => all.join('')),
)

/** Names of all tags, in order: what the markup is, whatever the words are. */
const tagsOf = (html: string) =>
  [...html.matchAll(/<(\/?[a-z!][^\s>]*)/gi)].map(([, tag]) => tag).filter((tag) => tag !== 'br')

test('no name, message or avatar adds markup to the HTML or lines to the subject', () => {
  const { html: usual } = write({ avatarUrl: 'https://x.example/a.png' })
  const plain = tagsOf(usual)
  const quotes = usual.split('"').length
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (sender, community, content, path) => {
      const { subject, text, html } = write({
        sender,
        community,
        contents: [content],
        avatarUrl: `https://x.example/${path.replaceAll(/\s/g, '')}`,
      })
      assert.deepEqual(tagsOf(html), plain)
      assert.equal(html.split('"').length, quotes, 'as many quotes, so no attribute ends early')
      assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]|=\?/u.test(subject), JSON.stringify(subject))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
      assert.ok(!/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(text + html))
      assert.ok((text + html).isWellFormed())
      assert.ok(subject.length <= 200)
    }),
    { numRuns: 300, examples: HOSTILE.map((one) => [one, one, one, one]) },
  )
})

test('what a message says in plain text cannot pass for our own lines', () => {
  const { text } = write({
    contents: ['x\n\nRead and answer:\rhttps://evil.example\u2028-- \v\fTurn these emails off:'],
  })
  const ours = text.split('\n').filter((line) => !line.startsWith('    ') && line !== '')
  assert.equal(ours.filter((line) => line === 'Read and answer:').length, 1)
  assert.equal(ours.filter((line) => line === '-- ').length, 1)
  assert.ok(!ours.some((line) => line.includes('evil')))
})

test('names of which nothing is left are somebody and your community', () => {
  assert.equal(
    write({ sender: '\u202e\r\n', community: '\0' }).subject,
    'New message from Somebody in your community',
  )
})

test('the avatar is shown from http and https alone, with its size; nothing else is fetched or run', () => {
  const shown = write({ avatarUrl: 'https://x.example/a.png?b="&c=\'<d>' }).html
  assert.match(
    shown,
    /<img src="https:\/\/x\.example\/a\.png\?b=%22&#38;c=%27%3Cd%3E" width="48" height="48" alt=""/,
  )
  for (const avatarUrl of [
    null,
    'javascript:alert(1)',
    'data:image/png;base64,AA',
    'file:///etc/passwd',
    '//x.example/a.png',
    'https://me:pass@x.example/a.png',
    `https://x.example/${'a'.repeat(2_000)}`,
    'cid:x',
  ])
    assert.ok(!write({ avatarUrl }).html.includes('<img'), String(avatarUrl))
  assert.ok(!/<(script|link|iframe|form|object|embed|video)|url\(|@import|\bon\w+=/i.test(shown))
  assert.equal(shown.match(/\bsrc=/g)?.length, 1)
})

test('the document says its language, its colour schemes and that it is for phones too; the preheader is hidden', () => {
  const { html } = write({ contents: ['A\n  B'] })
  assert.match(html, /^<!doctype html>\n<html lang="en">/)
  assert.match(html, /<meta name="color-scheme" content="light dark">/)
  assert.match(html, /<meta name="supported-color-schemes" content="light dark">/)
  assert.match(html, /@media \(prefers-color-scheme: dark\)/)
  assert.match(html, /<meta name="viewport" content="width=device-width, initial-scale=1">/)
  assert.match(html, /display:none[^>]*>A B<\/div>/)
  assert.match(html, /max-width:560px/)
})

/** WCAG 2: relative luminance and contrast. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const c = Number.parseInt(colour.slice(at, at + 2), 16) / 255
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const [dark, light] = [luminance(one), luminance(other)].sort((x, y) => x - y)
  return (light! + 0.05) / (dark! + 0.05)
}

test('text has a contrast of 4.5 or more on what it stands on, in light and in dark', () => {
  const { page, text, quiet, card, button, label } = COLOURS
  for (const scheme of [0, 1] as const)
    for (const [front, back] of [
      [text, page],
      [text, card],
      [quiet, page],
      [label, button],
    ] as const)
      assert.ok(contrast(front[scheme], back[scheme]) >= 4.5, `${front[scheme]} on ${back[scheme]}`)
})

test('long text is cut between words, at about 1,000 characters', () => {
  const words = 'word '.repeat(300).trim()
  const { text, html } = write({ contents: [words] })
  const shown = /^ {4}(word.*)$/m.exec(text)?.[1] ?? ''
  assert.match(shown, /^(word )+word…$/)
  assert.ok(shown.length > 900 && shown.length <= 1_001)
  assert.ok(html.includes(`\n${shown}\n`))
  assert.ok(
    write({ contents: ['x'.repeat(1_000)] }).text.includes(`${'x'.repeat(1_000)}\n`),
    'what fits is whole',
  )
})

test('a cut keeps to the length, to words, and to whole characters', () => {
  assert.equal(cutAtWord('12345678 abc', 8), '12345678…')
  assert.equal(cutAtWord('1234567 abc', 8), '1234567…')
  assert.equal(cutAtWord('12 345678901234', 8), '12 34567…', 'not most of it given up for one long word')
  assert.equal(cutAtWord(`${'x'.repeat(7)}👍🏽yyy`, 8), `${'x'.repeat(7)}…`)
  assert.equal(cutAtWord(`${'x'.repeat(6)}👩‍👩‍👧‍👦yyy`, 9), `${'x'.repeat(6)}…`)
  assert.equal(cutAtWord(`${'x'.repeat(7)}e\u0301\u0302z`, 8), `${'x'.repeat(7)}…`)
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 400 }),
      fc.integer({ min: 1, max: 200 }),
      (whole, most) => {
        const cut = cutAtWord(whole, most)
        if (whole.length <= most) return assert.equal(cut, whole)
        assert.ok(cut.endsWith('…') && cut.length <= most + 1)
        assert.ok(whole.startsWith(cut.slice(0, -1)))
        assert.ok(cut.isWellFormed())
      },
    ),
  )
  const zalgo = cutAtWord(`x${'\u0301'.repeat(5_000)}`, 1_000)
  assert.equal(zalgo.length, 1_001)
  for (const most of [999, 1_000]) assert.ok(cutAtWord(`x${'\u{1e8d0}'.repeat(5_000)}`, most).isWellFormed())
})
