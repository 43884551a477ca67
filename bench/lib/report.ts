import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { Ratio } from './stats.ts'

/** One figure of a run. */
export interface Figure extends Ratio {
  readonly name: string
  /** What the ratio is to reach. */
  readonly reach: number
  /** Whether reaching means staying at or under it. */
  readonly atMost: boolean
  readonly unit?: string
}

export interface Report {
  readonly name: string
  readonly what: string
  /** The first one is the name's own. */
  readonly figures: readonly [Figure, ...Figure[]]
  /** The measurements behind them, a row each. */
  readonly rows: readonly (readonly [string, string])[]
}

const RESULTS = new URL('../RESULTS.md', import.meta.url)
const INTRO = `# Measured figures

Each is a ratio within one run: both sides in turns on the same database and machine, the median of the rounds with the lowest and
the highest. A section is written by the command that it names.
`

export function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim() || process.arch}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`
}

const format = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

export function reached({ ratio, reach, atMost }: Figure): boolean {
  return atMost ? ratio <= reach : ratio >= reach
}

/** The report as a table for the terminal, with a bar for each figure. */
export function print(report: Report): void {
  console.log(`\n${report.name}: ${report.what}\n`)
  for (const [label, value] of report.rows) console.log(`  ${label.padEnd(44)} ${value}`)
  console.log()
  for (const figure of report.figures) {
    const share = Math.min(figure.ratio / figure.reach, 2)
    const bar = `${'█'.repeat(Math.round(share * 20)).padEnd(20, '·')}`
    const sign = figure.atMost ? '≤' : '≥'
    console.log(
      `  ${figure.name.padEnd(16)} ${bar.slice(0, 40).padEnd(40)} ${words(figure)}  (${sign} ${figure.reach})${reached(figure) ? '' : '  NOT REACHED'}`,
    )
  }
}

function words({ ratio, low, high, rounds, unit = '' }: Figure): string {
  return `${format(ratio)}${unit} (${format(low)} to ${format(high)}, ${rounds} rounds)`
}

/** Writes the report's section of bench/RESULTS.md, in the place of the one before. */
export function write(report: Report, command: string): void {
  const text = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : INTRO
  const figures = report.figures.map(
    (figure) =>
      `| ${figure.name} | ${words(figure)} | ${figure.atMost ? 'at most' : 'at least'} ${figure.reach} | ${reached(figure) ? 'yes' : '**no**'} |`,
  )
  const section = [
    `## ${report.name}`,
    '',
    `${report.what}`,
    '',
    '| figure | measured | to reach | reached |',
    '| --- | --- | --- | --- |',
    ...figures,
    '',
    '| behind it | |',
    '| --- | --- |',
    ...report.rows.map(([label, value]) => `| ${label} | ${value} |`),
    '',
    `${new Date().toISOString().slice(0, 10)}, ${machine()}, \`${command}\``,
    '',
  ].join('\n')
  const sections = text.split(/^(?=## )/m).filter((one) => !one.startsWith(`## ${report.name}\n`))
  writeFileSync(RESULTS, [...sections.map((one) => one.trimEnd()), section].join('\n\n'))
}
