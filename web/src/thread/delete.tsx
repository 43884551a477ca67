import type { Thread, ThreadMessage } from '../../../client/src/index.ts'
import { Confirm } from '../ui/dialog.tsx'
import { words } from '../words/index.ts'

/** Asks, and says in one sentence what deleting does. */
export function DeleteMessage(props: {
  readonly thread: Thread
  readonly message: ThreadMessage
  readonly onClose: () => void
}) {
  return (
    <Confirm
      title={words.deleteTitle}
      text={words.deleteExplained}
      action={words.delete}
      danger
      onConfirm={() => props.thread.delete(props.message.id)}
      onClose={props.onClose}
    />
  )
}
