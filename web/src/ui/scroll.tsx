import type { ComponentChildren, RefObject } from 'preact'

/** A region that scrolls: to be reached by the keyboard, since nothing in it may take the focus. */
export function Scroll(props: {
  readonly class: string
  readonly label: string
  readonly scroller?: RefObject<HTMLElement | null>
  readonly onScroll?: () => void
  readonly children: ComponentChildren
}) {
  return (
    <section
      class={`scroll ${props.class}`}
      ref={props.scroller}
      aria-label={props.label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whatever scrolls is to be scrolled by keys
      tabIndex={0}
      onScroll={props.onScroll}
    >
      {props.children}
    </section>
  )
}
