import { render } from 'preact'
import { words } from '../words/index.ts'
import { App } from './app.tsx'
import { createInboxApp, type Inbox } from './context.ts'
import type { Router } from './route.ts'
import type { Session } from './session.ts'
import { type Cell, useStore } from './use.ts'

/** How somebody without a token gets one. */
export interface SignIn {
  /** Null: by a link of the host's site. */
  readonly url: string | null
}

/** Shows the inbox in an element, of a page or of a shadow. @returns lets go of it */
export function startInbox(
  root: HTMLElement,
  options: {
    readonly url: string
    readonly session: Session
    readonly router: Router
    readonly isPage: boolean
    readonly signIn: SignIn
    /** Set by the session when its sign-in has ended. */
    readonly signedOut: Cell<boolean>
  },
): () => void {
  const { session, signIn, signedOut } = options
  const { user } = session
  root.dir = words.direction
  const inbox = user === null ? null : createInboxApp({ ...options, session: { ...session, user } })
  if (inbox === null) signedOut.set(true)
  render(<Root inbox={inbox} signIn={signIn} signedOut={signedOut} />, root)
  return () => {
    render(null, root)
    inbox?.close()
  }
}

function Root(props: {
  readonly inbox: Inbox | null
  readonly signIn: SignIn
  readonly signedOut: Cell<boolean>
}) {
  const { inbox, signIn } = props
  const isOut = useStore(props.signedOut)
  // What is shown, and what is being written, stays: only the line above it says that it needs a sign-in.
  const isAlone = inbox === null
  return (
    <>
      {isOut && (
        <div class={isAlone ? 'alone' : 'signed-out'} role={isAlone ? undefined : 'alert'}>
          <p>{isAlone && signIn.url === null ? words.signInHere : words.signedOut}</p>
          {signIn.url !== null && (
            <a class="button button-main" href={signIn.url}>
              {words.signIn}
            </a>
          )}
        </div>
      )}
      {inbox && <App inbox={inbox} />}
    </>
  )
}
