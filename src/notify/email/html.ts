import { escaped } from '../../html.ts'

/** Colours as [on light, on dark]. Text on what lies under it has a contrast of 4.5 (WCAG AA) or more, in both. */
export const COLOURS = {
  page: ['#ffffff', '#16181d'],
  text: ['#1f2328', '#e6e8eb'],
  quiet: ['#57606a', '#a3acb8'],
  card: ['#f3f4f6', '#23272f'],
  button: ['#1d4fd7', '#8fb4ff'],
  label: ['#ffffff', '#0d1b33'],
} as const

export interface Page {
  /** Plain text, as all of these. */
  readonly title: string
  /** What lists of mail show after the subject. */
  readonly preheader: string
  readonly heading: string
  /** http or https; null: none. */
  readonly avatarUrl: string | null
  /** Said before the messages when some of them are left out. */
  readonly leftOut: string | null
  readonly messages: readonly string[]
  readonly action: { readonly label: string; readonly url: string }
  readonly why: string
  readonly stop: { readonly label: string; readonly url: string }
}

const FONT = 'font-family:-apple-system,BlinkMacSystemFont,Segoe UI,Roboto,Helvetica,Arial,sans-serif'
const { page: PAGE, text: TEXT, quiet: QUIET, card: CARD, button: BUTTON, label: LABEL } = COLOURS

// Inline styles are what every client takes; those that know dark mode take the rules, which need !important to win over
// them. Lines stay under 76 characters where they can: then ASCII mail goes out as it is, without being encoded.
const HEAD_START = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>`
const HEAD_END = `</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark }
@media (prefers-color-scheme: dark) {
.page { background: ${PAGE[1]} !important; color: ${TEXT[1]} !important }
.card { background: ${CARD[1]} !important; color: ${TEXT[1]} !important }
.quiet { color: ${QUIET[1]} !important }
.button { background: ${BUTTON[1]} !important; color: ${LABEL[1]} !important }
}
</style>
</head>
<body class="page"
 style="margin:0;padding:0;background:${PAGE[0]};color:${TEXT[0]}">
<div style="display:none;max-height:0;overflow:hidden">`
const MAIN_START = `</div>
<div class="page" style="max-width:560px;margin:0 auto;padding:24px 16px;
${FONT};
font-size:16px;line-height:1.5;background:${PAGE[0]};color:${TEXT[0]}">
`
const CARD_START = `<div class="card" dir="auto" style="margin:0 0 12px;padding:12px 16px;
border-radius:8px;background:${CARD[0]};color:${TEXT[0]};
overflow-wrap:anywhere;word-break:break-word">
`
const BUTTON_START = `<p style="margin:20px 0 28px"><a class="button" style="display:inline-block;
padding:12px 20px;border-radius:8px;background:${BUTTON[0]};color:${LABEL[0]};
font-weight:600;text-decoration:none"
 href="`
const FOOT_START = `<p class="quiet" style="margin:0;font-size:13px;color:${QUIET[0]}">
`

/** The whole document. Everything in `page` is escaped here, and nowhere else. */
export function htmlOf(page: Page): string {
  const leftOut =
    page.leftOut === null ? '' : `<p class="quiet" style="color:${QUIET[0]}">${escaped(page.leftOut)}</p>\n`
  const messages = page.messages.map(
    (one) => `${CARD_START}${escaped(one).replaceAll('\n', '<br>\n')}\n</div>\n`,
  )
  return `${HEAD_START}${escaped(page.title)}${HEAD_END}${escaped(page.preheader)}${MAIN_START}${avatar(page.avatarUrl)}\
<p style="margin:0 0 16px;font-size:18px">${escaped(page.heading)}</p>
${leftOut}${messages.join('')}\
${BUTTON_START}${escaped(page.action.url)}">${escaped(page.action.label)}</a></p>
${FOOT_START}${escaped(page.why)}
<br><a class="quiet" style="color:${QUIET[0]}"
 href="${escaped(page.stop.url)}">${escaped(page.stop.label)}</a></p>
</div>
</body>
</html>
`
}

/** Empty alt: the name stands beside it, and where pictures are off it would be read twice. */
function avatar(url: string | null): string {
  if (url === null) return ''
  return `<img src="${escaped(url)}" width="48" height="48" alt=""
 style="display:block;margin:0 0 12px;border-radius:24px">
`
}
