/** One of a few. */
export function Tabs<Name extends string>(props: {
  readonly label: string
  readonly tabs: readonly (readonly [name: Name, label: string, count?: number | undefined])[]
  readonly chosen: Name
  readonly onChoose: (name: Name) => void
}) {
  return (
    <fieldset class="tabs">
      <legend class="hidden">{props.label}</legend>
      {props.tabs.map(([name, label, count]) => (
        <button
          key={name}
          type="button"
          aria-pressed={props.chosen === name}
          onClick={() => props.onChoose(name)}
        >
          {label} {count !== undefined && <small>{count}</small>}
        </button>
      ))}
    </fieldset>
  )
}
