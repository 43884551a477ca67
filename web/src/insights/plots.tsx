// Drawn by hand: three plots are fewer bytes than any library for them. Each is one picture with a label; the figures are in a table.

const WIDTH = 720
const LEFT = 44

/** The next round number above: where an axis ends. */
function roundUp(value: number): number {
  if (value <= 4) return 4
  const step = 10 ** Math.floor(Math.log10(value))
  return Math.ceil(value / (step / 2)) * (step / 2)
}

/** Some of the names, so that they do not run into each other. The last one always. */
function Names({ names, at, y }: { names: readonly string[]; at: (i: number) => number; y: number }) {
  const every = Math.ceil(names.length / 7)
  return (
    <>
      {names.map((name, i) =>
        (names.length - 1 - i) % every === 0 ? (
          <text key={name} x={at(i)} y={y} text-anchor={i === names.length - 1 ? 'end' : 'middle'}>
            {name}
          </text>
        ) : null,
      )}
    </>
  )
}

/** Two figures for each name: one above the axis, the other below it. */
export function Bars(props: {
  readonly label: string
  readonly bars: readonly { readonly name: string; readonly up: number; readonly down: number }[]
}) {
  const { bars } = props
  const most = roundUp(Math.max(...bars.map(({ up, down }) => Math.max(up, down))))
  const half = 90
  const middle = half + 10
  const step = (WIDTH - LEFT) / bars.length
  const width = Math.max(1, step * 0.72)
  const x = (i: number) => LEFT + i * step
  const height = (value: number) => (value / most) * half
  return (
    <svg class="plot" viewBox={`0 0 ${WIDTH} 222`} role="img" aria-label={props.label}>
      {[-1, 0, 1].map((side) => (
        <g key={side}>
          <line class="axis" x1={LEFT} x2={WIDTH} y1={middle - side * half} y2={middle - side * half} />
          <text x={LEFT - 8} y={middle - side * half + 4} text-anchor="end">
            {Math.abs(side) * most}
          </text>
        </g>
      ))}
      {bars.map(({ name, up, down }, i) => (
        <g key={name}>
          <title>{`${name}: ${up} / ${down}`}</title>
          <rect class="received" x={x(i)} y={middle - height(up)} width={width} height={height(up)} rx="1" />
          <rect class="sent" x={x(i)} y={middle} width={width} height={height(down)} rx="1" />
        </g>
      ))}
      <Names names={bars.map(({ name }) => name)} at={(i) => x(i) + step / 2} y={218} />
    </svg>
  )
}

/** One figure for each name, joined where there is one. On a scale of powers: answers take minutes or days. */
export function Line(props: {
  readonly label: string
  readonly points: readonly { readonly name: string; readonly value: number | null; readonly text: string }[]
}) {
  const { points } = props
  const scale = (value: number) => Math.log10(Math.max(value, 10))
  const values = points.flatMap(({ value }) => (value === null ? [] : [scale(value)]))
  const low = Math.min(...values, scale(60)) - 0.2
  const high = Math.max(...values, scale(3_600)) + 0.3
  // The figures of all would run into each other: the least, the most and the last are told.
  const known = points
    .filter(({ value }) => value !== null)
    .toSorted((a, b) => Number(a.value) - Number(b.value))
  const told = new Set([known[0], known.at(-1), points.findLast(({ value }) => value !== null)])
  const step = (WIDTH - LEFT) / points.length
  const x = (i: number) => LEFT + (i + 0.5) * step
  const y = (value: number) => 150 - ((scale(value) - low) / (high - low)) * 130
  const path = points.reduce(
    ({ d, joined }, { value }, i) => {
      if (value === null) return { d, joined: false }
      return { d: `${d}${joined ? 'L' : 'M'}${x(i)} ${y(value)}`, joined: true }
    },
    { d: '', joined: false },
  ).d
  return (
    <svg class="plot" viewBox={`0 0 ${WIDTH} 182`} role="img" aria-label={props.label}>
      <line class="axis" x1={LEFT} x2={WIDTH} y1="156" y2="156" />
      <path class="line-of" d={path} />
      {points.map((point, i) => {
        const { name, value, text } = point
        return value === null ? null : (
          <g key={name}>
            <title>{`${name}: ${text}`}</title>
            <circle class="dot" cx={x(i)} cy={y(value)} r="4" />
            {told.has(point) && (
              <text x={x(i)} y={y(value) - 10} text-anchor="middle">
                {text}
              </text>
            )}
          </g>
        )
      })}
      <Names names={points.map(({ name }) => name)} at={x} y={178} />
    </svg>
  )
}

/** A bar beside each name. */
export function Rows(props: {
  readonly label: string
  readonly rows: readonly { readonly name: string; readonly value: number }[]
}) {
  const { rows } = props
  const most = Math.max(1, ...rows.map(({ value }) => value))
  const high = 30
  const left = 120
  return (
    <svg class="plot" viewBox={`0 0 ${WIDTH} ${rows.length * high}`} role="img" aria-label={props.label}>
      {rows.map(({ name, value }, i) => {
        const width = (value / most) * (WIDTH - left - 70)
        return (
          <g key={name}>
            <text x={left - 10} y={i * high + 20} text-anchor="end">
              {name}
            </text>
            <rect
              class="received"
              x={left}
              y={i * high + 6}
              width={Math.max(width, 2)}
              height={high - 12}
              rx="3"
            />
            <text x={left + width + 10} y={i * high + 20}>
              {value}
            </text>
          </g>
        )
      })}
    </svg>
  )
}
