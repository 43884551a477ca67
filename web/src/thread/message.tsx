import { Component } from 'preact'
import type { ThreadMessage } from '../../../client/src/index.ts'
import { isEmojiOnly, Text } from '../ui/text.tsx'
import { clockTime, fullTime } from '../ui/time.ts'
import { words } from '../words/index.ts'

export interface MessageProps {
  readonly message: ThreadMessage
  readonly mine: boolean
  /** Of several by one person in a row: the first and the last stand out. */
  readonly first: boolean
  readonly last: boolean
  /** What stands under it: whether it was read. */
  readonly mark: string | null
  readonly canDelete: boolean
  readonly name: string
  readonly onDelete: (message: ThreadMessage) => void
  readonly onRetry: (message: ThreadMessage) => void
  readonly onDiscard: (message: ThreadMessage) => void
}

const SAME: readonly (keyof MessageProps)[] = [
  'message',
  'mine',
  'first',
  'last',
  'mark',
  'canDelete',
  'name',
]

/** A message. Drawn again only when something of it is other than it was: a thread has hundreds of them. */
export class MessageRow extends Component<MessageProps> {
  override shouldComponentUpdate(next: MessageProps): boolean {
    return SAME.some((name) => next[name] !== this.props[name])
  }

  override render({ message, mine, first, last, mark, canDelete, name, onDelete }: MessageProps) {
    const { content, created_at, status } = message
    const classes = [
      'message',
      mine ? 'mine' : 'theirs',
      first && 'first',
      last && 'last',
      status !== 'sent' && status,
      isEmojiOnly(content) && 'emoji',
    ]
    return (
      <div class={classes.filter(Boolean).join(' ')}>
        <span class="hidden">{mine ? words.you : name}</span>
        <p class="bubble" dir="auto">
          {content === '' ? <em>{words.deletedUser}</em> : <Text text={content} />}
        </p>
        <span class="message-side">
          <time dateTime={created_at} title={fullTime(created_at)}>
            {clockTime(created_at)}
          </time>
          {canDelete && (
            <button type="button" class="quiet" onClick={() => onDelete(message)}>
              {words.delete}
            </button>
          )}
        </span>
        {status === 'failed' && mark === null
          ? this.#failed()
          : mark !== null && <span class="mark">{mark}</span>}
      </div>
    )
  }

  #failed() {
    const { message, onRetry, onDiscard } = this.props
    const { error } = message
    // Without an answer there is nothing to say but that.
    const why = error !== undefined && error.status > 0 ? words.notSentBecause(error.message) : words.notSent
    return (
      <span class="mark fault">
        {why}
        <button type="button" class="quiet" onClick={() => onRetry(message)}>
          {words.sendAgain}
        </button>
        <button type="button" class="quiet" onClick={() => onDiscard(message)}>
          {words.takeBack}
        </button>
      </span>
    )
  }
}
