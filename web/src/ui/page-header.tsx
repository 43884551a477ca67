import { useInbox } from '../app/context.ts'
import { words } from '../words/index.ts'
import { Icon } from './icons.tsx'

/** Of a page beside the list; where there is room for one of the two, it leads back. */
export function PageHeader({ title }: { title: string }) {
  const { router } = useInbox()
  return (
    <header class="pane-header">
      <button
        type="button"
        class="icon-button only-narrow"
        aria-label={words.back}
        onClick={() => router.go({})}
      >
        <Icon name="back" />
      </button>
      <h2>{title}</h2>
    </header>
  )
}
