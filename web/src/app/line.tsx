import { useEffect, useState } from 'preact/hooks'
import { words } from '../words/index.ts'
import { useInbox } from './context.ts'
import { useStore } from './use.ts'

// A line that is back at once is nobody's concern.
const PATIENCE_MS = 3_000

/** Says when what is shown may be old. */
export function Line() {
  const inbox = useInbox()
  const state = useStore(inbox.line)
  const online = useStore(inbox.online)
  const [late, setLate] = useState(false)
  useEffect(() => {
    setLate(false)
    if (state === 'live') return
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [state])
  const text = online ? (late ? words.connecting : null) : words.offline
  return (
    <div class="line" role="status">
      {text !== null && <p>{text}</p>}
    </div>
  )
}
