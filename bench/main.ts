import { parseArgs } from 'node:util'
import { deep } from './figures/deep.ts'
import { fanout } from './figures/fanout.ts'
import { inbox } from './figures/inbox.ts'
import { latency } from './figures/latency.ts'
import { notified } from './figures/notified.ts'
import { notify } from './figures/notify.ts'
import { reads } from './figures/reads.ts'
import { reconnect } from './figures/reconnect.ts'
import { sends } from './figures/sends.ts'
import { sockets } from './figures/sockets.ts'
import { start } from './figures/start.ts'
import { two } from './figures/two.ts'
import { print, type Report, write } from './lib/report.ts'

const figures: Readonly<Record<string, (quick: boolean) => Promise<Report>>> = {
  sends,
  latency,
  deep,
  reads,
  start,
  notify,
  notified,
  fanout,
  sockets,
  two,
  reconnect,
  inbox,
}

const HELP = `npm run bench -- <name …> [--quick] [--json]

  ${Object.keys(figures).join(', ')}; without a name: all of them

  --quick   within 45 s each, with a wider spread; bench/RESULTS.md is left as it is
  --json    the last line of each is {"name","ratio","reach","low","high","rounds"}
`

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
if (values.help || positionals.some((name) => !figures[name])) {
  process.stdout.write(HELP)
  process.exit(values.help ? 0 : 2)
}
const names = positionals.length > 0 ? positionals : Object.keys(figures)
for (const name of names) {
  const report = await (figures[name] as (quick: boolean) => Promise<Report>)(values.quick === true)
  print(report)
  if (!values.quick) write(report, `npm run bench -- ${name}`)
  if (values.json) {
    const line = ({ name, ratio, reach, low, high, rounds }: Report['figures'][number]) => ({
      name,
      ratio,
      reach,
      low,
      high,
      rounds,
    })
    const [own, ...parts] = report.figures
    console.log(JSON.stringify({ ...line(own), ...(parts.length > 0 && { parts: parts.map(line) }) }))
  }
}
