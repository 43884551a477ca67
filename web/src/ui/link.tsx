import type { ComponentChildren } from 'preact'
import { useInbox } from '../app/context.ts'
import type { Place } from '../app/route.ts'

/** Leads elsewhere within the inbox; with a key held, where the browser takes a link: to a tab or a window of its own. */
export function Link(props: {
  readonly to: Partial<Place>
  readonly class: string
  readonly label?: string
  readonly current: 'page' | 'true' | undefined
  readonly children: ComponentChildren
}) {
  const { to, label, current } = props
  const { router } = useInbox()
  return (
    <a
      class={props.class}
      href={router.href(to)}
      aria-label={label}
      title={label}
      aria-current={current}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        router.go(to)
      }}
    >
      {props.children}
    </a>
  )
}
