import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { escaped } from '../html.ts'

/** What a small page says: text, which is escaped. */
export interface Page {
  readonly title: string
  readonly text: string
  /** The words of a button that posts to the page's own address; none when it is left out. */
  readonly button?: string
  /** A list under the text. */
  readonly links?: readonly { readonly href: string; readonly text: string }[]
}

const STYLE = `:root{color-scheme:light dark}
body{margin:0;padding:12vh 1.25rem;font:1.0625rem/1.5 system-ui,sans-serif;color:#1f2328;background:#fff}
main{max-width:30rem;margin:0 auto}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}
p{margin:0 0 1.5rem}
a{color:#1f5fbf}
li{margin:.5rem 0;overflow-wrap:anywhere}
button{font:inherit;font-weight:600;min-height:3rem;padding:.5rem 1.5rem;border:0;border-radius:.5rem;color:#fff;background:#1f5fbf;cursor:pointer}
button:focus-visible{outline:3px solid #1f5fbf;outline-offset:3px}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}button{color:#0d1117;background:#8ab4ff}a{color:#8ab4ff}button:focus-visible{outline-color:#8ab4ff}}`

// Nothing is loaded or run, and the page is framed by nobody: a button in somebody else's frame could be clicked unseen.
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Answers with a page that needs nothing from elsewhere. Its address may be a secret: it is told to nobody as a referrer. */
export function answerPage(reply: FastifyReply, status: number, page: Page): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', POLICY)
    .header('x-frame-options', 'DENY')
    .header('referrer-policy', 'no-referrer')
    .send(htmlOf(page))
}

function htmlOf({ title, text, button, links = [] }: Page): string {
  // Without an action it posts to the page's own address, also behind a proxy that adds a prefix.
  const form =
    button === undefined
      ? ''
      : `\n<form method="post"><button type="submit">${escaped(button)}</button></form>`
  const items = links.map((link) => `<li><a href="${escaped(link.href)}">${escaped(link.text)}</a></li>`)
  const list = items.length === 0 ? '' : `\n<ul>\n${items.join('\n')}\n</ul>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>${list}${form}
</main>
</body>
</html>
`
}
