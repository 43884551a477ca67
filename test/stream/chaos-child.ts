/**
 * A Snug to be killed, by environment as `snug serve`. Its parent tells it at which step of its work it is to kill itself: what it asks
 * of the database is looked at on its way, so that nothing of the product has to know of it.
 */
import pg from 'pg'
import { readConfig } from '../../src/config.ts'
import { startSnug } from '../../src/main.ts'
import type { StepName } from './chaos-steps.ts'

let killAt: StepName | null = null
process.on('message', (step: StepName) => {
  killAt = step
})

function reached(step: string): void {
  if (step === killAt) process.kill(process.pid, 'SIGKILL')
}

type Query = (this: pg.Client, ...args: unknown[]) => unknown
const prototype = pg.Client.prototype as unknown as { query: Query }
const { query } = prototype
// Connections that have taken something off the outbox, and not committed it yet.
const relaying = new WeakSet<pg.Client>()

prototype.query = function (this: pg.Client, ...args: unknown[]) {
  const [asked] = args as [string | { name?: string }]
  const name = typeof asked === 'string' ? asked : (asked.name ?? '')
  const counts = name !== 'commit' || relaying.has(this)
  if (counts) reached(`before ${name}`)
  const answered = (result: { rowCount: number | null } | undefined) => {
    if (name === 'outbox.take' && !result?.rowCount) return
    if (name === 'outbox.take') relaying.add(this)
    if (name === 'commit') relaying.delete(this)
    if (counts) reached(`after ${name}`)
  }
  const callback = args.at(-1)
  if (typeof callback === 'function') {
    args[args.length - 1] = (error: unknown, result: { rowCount: number | null }) => {
      if (!error) answered(result)
      callback(error, result)
    }
    return query.apply(this, args)
  }
  const result = query.apply(this, args) as Promise<{ rowCount: number | null }>
  return result.then((value) => {
    answered(value)
    return value
  })
}

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
const snug = await startSnug(readConfig(process.env), (line) => process.stderr.write(`${line}\n`))
process.on('SIGTERM', () => void snug.stop().then(() => process.exit(0)))
process.send?.({ url: snug.url })
