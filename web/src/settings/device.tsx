import { useEffect, useState } from 'preact/hooks'
import { useInbox } from '../app/context.ts'
import { disablePush, enablePush, type PushState, pushState } from '../app/push.ts'
import { words } from '../words/index.ts'

/** Notifications on this device: Web Push, by the service worker. */
export function ThisDevice() {
  const { snug } = useInbox()
  const [state, setState] = useState<PushState | null>(null)
  const [fault, setFault] = useState(false)
  useEffect(() => void pushState().then(setState), [])
  const change = async (work: () => Promise<PushState>) => {
    setFault(false)
    try {
      setState(await work())
    } catch {
      setFault(true)
    }
  }
  return (
    <section>
      <h3>{words.thisDevice}</h3>
      {state === 'impossible' && <p>{words.notHere}</p>}
      {state === 'denied' && <p>{words.denied}</p>}
      {state === 'on' && (
        <>
          <p>{words.enabledHere}</p>
          <button type="button" class="button" onClick={() => void change(() => disablePush(snug))}>
            {words.disableHere}
          </button>
        </>
      )}
      {state === 'off' && (
        <button type="button" class="button button-main" onClick={() => void change(() => enablePush(snug))}>
          {words.enableHere}
        </button>
      )}
      {fault && (
        <p class="fault" role="alert">
          {words.actionFailed}
        </p>
      )}
    </section>
  )
}
