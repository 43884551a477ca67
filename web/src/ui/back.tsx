import { useInbox } from '../app/context.ts'
import { words } from '../words/index.ts'
import { Icon } from './icons.tsx'

/** Back to the list, where there is room for one of the two. */
export function Back() {
  const { router } = useInbox()
  return (
    <button
      type="button"
      class="icon-button only-narrow"
      aria-label={words.back}
      onClick={() => router.go({})}
    >
      <Icon name="back" />
    </button>
  )
}
