import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

// Rows above and below what is seen, so that scrolling does not show a gap before they are drawn.
const BEYOND = 8

/**
 * A list of which only what is seen is drawn: all rows have one height. Arrow keys go from row to row, and what has the focus is kept.
 * @param onEnd called when the end comes near
 */
export function Windowed<T>(props: {
  readonly label: string
  readonly items: readonly T[]
  readonly rowHeight: number
  readonly keyOf: (item: T) => string
  readonly total: number
  readonly render: (item: T) => ComponentChildren
  readonly onEnd: () => void
}) {
  const { items, rowHeight } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState({ first: 0, count: 30 })
  const look = () => {
    const element = scroller.current
    if (!element) return
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - BEYOND)
    const count = Math.ceil(element.clientHeight / rowHeight) + 2 * BEYOND
    if (first !== seen.first || count !== seen.count) setSeen({ first, count })
    if (first + count + BEYOND >= items.length) props.onEnd()
  }
  useLayoutEffect(() => {
    look()
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(look)
    observer.observe(element)
    return () => observer.disconnect()
  }, [items.length, seen])
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -items.length, End: items.length }[
      event.key
    ]
    const row = (event.target as Element).closest?.('[data-row]')
    if (by === undefined || !row) return
    event.preventDefault()
    const at = Math.min(items.length - 1, Math.max(0, Number(row.getAttribute('data-row')) + by))
    const element = scroller.current as HTMLDivElement
    const top = at * rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight
    look()
    const focus = () => {
      const target = element.querySelector<HTMLElement>(`[data-row="${at}"] :is(a, button)`)
      target?.focus({ preventScroll: true })
      return target !== null
    }
    // One that is far away is drawn first.
    if (!focus()) requestAnimationFrame(focus)
  }
  const shown = items.slice(seen.first, seen.first + seen.count)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are of the rows in it, which have the focus
    <div class="scroll" ref={scroller} onScroll={look} onKeyDown={move}>
      <ul class="rows" aria-label={props.label} style={{ height: `${items.length * rowHeight}px` }}>
        {shown.map((item, i) => (
          <li
            key={props.keyOf(item)}
            data-row={seen.first + i}
            aria-setsize={props.total}
            aria-posinset={seen.first + i + 1}
            style={{ top: `${(seen.first + i) * rowHeight}px`, height: `${rowHeight}px` }}
          >
            {props.render(item)}
          </li>
        ))}
      </ul>
    </div>
  )
}
