import type { ComponentChildren } from 'preact'

/** In place of what is not there. */
export function Notice(props: {
  readonly text: string
  readonly busy?: boolean
  readonly children?: ComponentChildren
}) {
  return (
    <div class="notice" aria-busy={props.busy ?? false}>
      <p>{props.text}</p>
      {props.children}
    </div>
  )
}
