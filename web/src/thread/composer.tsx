import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useInbox } from '../app/context.ts'
import { forLong } from '../app/kept.ts'
import { Icon } from '../ui/icons.tsx'
import { words } from '../words/index.ts'

// CONTRACT §3: 5,000 code points. How many are left is told when few are.
const MOST = 5_000
const TELL_FROM = 4_500
const DRAFT_AFTER_MS = 250

const lengthOf = (text: string) => (text.length < TELL_FROM ? text.length : Array.from(text).length)

/**
 * Where a message is written. It grows with the text; Enter sends, Shift+Enter breaks the line. What was begun is kept for each thread,
 * also beyond the page.
 */
export function Composer({ community, user }: { community: string; user: string }) {
  const { me, threads } = useInbox()
  const draft = `draft.${me}.${community}.${user}`
  const [text, setText] = useState(() => forLong.get(draft) ?? '')
  const area = useRef<HTMLTextAreaElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const latest = useRef(text)
  latest.current = text
  const id = useId()
  const length = lengthOf(text)
  const canSend = text.trim() !== '' && length <= MOST

  useLayoutEffect(() => {
    const element = area.current as HTMLTextAreaElement
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [text])
  const keep = () => {
    clearTimeout(timer.current)
    forLong.set(draft, latest.current === '' ? null : latest.current)
  }
  useEffect(() => {
    addEventListener('pagehide', keep)
    return () => {
      removeEventListener('pagehide', keep)
      keep()
    }
  }, [draft])

  const change = (value: string) => {
    setText(value)
    latest.current = value
    clearTimeout(timer.current)
    timer.current = setTimeout(keep, DRAFT_AFTER_MS)
    if (value.trim() !== '') void threads.open(community, user).typing()
  }
  const send = () => {
    if (!canSend) return
    threads.send(community, user, text)
    setText('')
    latest.current = ''
    keep()
    area.current?.focus()
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        ref={area}
        rows={1}
        dir="auto"
        value={text}
        aria-label={words.write}
        aria-describedby={length > TELL_FROM ? id : undefined}
        aria-invalid={length > MOST}
        placeholder={words.write}
        enterkeyhint="send"
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          // Enter also ends the choice of a character in an input method.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
          event.preventDefault()
          send()
        }}
      />
      <button type="submit" class="send" aria-label={words.send} title={words.send} disabled={!canSend}>
        <Icon name="send" />
      </button>
      {length > TELL_FROM && (
        <p id={id} class={`count${length > MOST ? ' fault' : ''}`} role="status">
          {length > MOST ? words.tooLong(length - MOST) : words.charactersLeft(MOST - length)}
        </p>
      )}
    </form>
  )
}
