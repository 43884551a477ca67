import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { words } from '../words/index.ts'

/** Asks before something that is not easily undone. The browser keeps the focus inside, and gives it back. */
export function Confirm(props: {
  readonly title: string
  readonly text: string
  readonly action: string
  readonly danger?: boolean
  readonly children?: ComponentChildren
  /** Does it. A rejection is shown, and the dialog stays. */
  readonly onConfirm: () => Promise<void>
  readonly onClose: () => void
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const id = useId()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  const confirm = async () => {
    setBusy(true)
    try {
      await props.onConfirm()
      dialog.current?.close()
    } catch (error) {
      setFault((error as Error).message || words.actionFailed)
      setBusy(false)
    }
  }
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onClose={props.onClose}
    >
      <h2 id={`${id}-title`}>
        <bdi>{props.title}</bdi>
      </h2>
      <p id={`${id}-text`}>{props.text}</p>
      {props.children}
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {words.cancel}
        </button>
        <button
          type="button"
          class={`button ${props.danger ? 'button-danger' : 'button-main'}`}
          disabled={busy}
          onClick={() => void confirm()}
        >
          {props.action}
        </button>
      </div>
    </dialog>
  )
}
