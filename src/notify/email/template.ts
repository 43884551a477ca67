import type { Letter } from '../../domain/delivery.ts'
import { htmlOf } from './html.ts'
import { cleanContent, cleanName, cutAtWord } from './text.ts'

/** What is said in an email. */
export interface Content {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** What a letter cannot know by itself. */
export interface Around {
  readonly threadUrl: string
  readonly unsubscribeUrl: string
}

/** UTF-16 units of one message; the rest is read in the inbox. */
const MESSAGE_MAX = 1_000
/** Of those at hand. Mail clients cut mails of over about 100 kB, and with that the way to unsubscribe. */
const MESSAGES_MAX = 20
const PREHEADER_MAX = 120
const AVATAR_URL_MAX = 2_000

/** Subject, plain text and HTML of an email about new messages: the newest 20, each up to about 1,000 characters, and how many more there are. */
export function contentOf(letter: Letter, around: Around): Content {
  const sender = cleanName(letter.sender.username, 'Somebody')
  const community = cleanName(letter.community.name, 'your community')
  const { count } = letter
  const shown = letter.messages
    .slice(-MESSAGES_MAX)
    .map(({ content }) => cutAtWord(cleanContent(content), MESSAGE_MAX))
  const earlier = count - shown.length
  const many = count > 1
  const subject = `${many ? `${count} new messages` : 'New message'} from ${sender} in ${community}`
  const heading = `${sender} ${many ? `wrote to you ${count} times` : 'wrote to you'} in ${community}`
  const leftOut =
    earlier > 0 ? `${earlier} earlier ${earlier === 1 ? 'message is' : 'messages are'} in your inbox.` : null
  const why = `You get this email because ${sender} wrote to you in ${community} and email about new messages is on.`
  return {
    subject,
    text: textOf(`${heading}:`, leftOut, shown, why, around),
    html: htmlOf({
      title: subject,
      preheader: cutAtWord(shown[0]!.replace(/\s+/g, ' '), PREHEADER_MAX),
      heading,
      avatarUrl: avatarOf(letter.sender.avatarUrl),
      leftOut,
      messages: shown,
      action: { label: 'Read and answer', url: around.threadUrl },
      why,
      stop: { label: 'Turn these emails off', url: around.unsubscribeUrl },
    }),
  }
}

// What the sender wrote is set in, so that no message can pass for a footer or a link of ours.
function textOf(
  heading: string,
  leftOut: string | null,
  messages: readonly string[],
  why: string,
  { threadUrl, unsubscribeUrl }: Around,
): string {
  const quoted = messages.map((one) => `    ${one.replaceAll('\n', '\n    ')}`).join('\n\n    * * *\n\n')
  return `${heading}\n\n${leftOut === null ? '' : `${leftOut}\n\n`}${quoted}

Read and answer:
${threadUrl}

-- 
${why}
Turn these emails off:
${unsubscribeUrl}
`
}

/** Null for whatever is no picture on the web. */
function avatarOf(value: string | null): string | null {
  if (value === null || value.length > AVATAR_URL_MAX) return null
  const url = URL.parse(value)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === ''
    ? url.href
    : null
}
