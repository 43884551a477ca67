import { checkEverything, type Finding } from '../doctor/index.ts'
import type { Command } from './index.ts'

const SIGNS = { good: 'ok     ', notice: 'notice ', fault: 'FAULT  ' } as const

export const doctor: Command = {
  help: `snug doctor

Checks configuration, database, clock, disk and mail, and says what to do about each fault. Exit code 1 when there is one.
Changes nothing; works beside a Snug that serves.
`,
  options: {},
  async run() {
    let faults = 0
    for await (const finding of checkEverything(process.env)) {
      process.stdout.write(textOf(finding))
      if (finding.kind === 'fault') faults++
    }
    process.stdout.write(
      faults === 0 ? '\nNo faults.\n' : `\n${faults === 1 ? 'One fault' : `${faults} faults`}.\n`,
    )
    return faults === 0 ? 0 : 1
  },
}

function textOf({ kind, subject, says, advice }: Finding): string {
  const line = `${SIGNS[kind]}${subject.padEnd(15)}${says}\n`
  return advice ? `${line}${' '.repeat(22)}→ ${advice}\n` : line
}
