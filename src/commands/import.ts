import { createReadStream, statSync } from 'node:fs'
import type { ImportAnswer } from '../../contract/transfer.ts'
import { importLines } from '../actions/import.ts'
import { readConfig } from '../config.ts'
import { joinDatabase } from '../database.ts'
import { migrate } from '../store/migrate.ts'
import { toStderr, UsageError } from './help.ts'
import type { Command } from './index.ts'
import { progress } from './progress.ts'

export const importFile: Command = {
  help: `snug import <file>

Takes in users, communities, members and messages as NDJSON, a line each, as POST /service/v1/import does; \`-\` is standard input.
A line that is wrong is told with its number, and the others are taken in; the exit code is then 1. Running it again changes nothing.
`,
  options: {},
  async run(_values, [file, ...more]) {
    if (file === undefined || more.length > 0) throw new UsageError('One file is needed: snug import <file>')
    const size = file === '-' ? null : statSync(file).size
    const database = await joinDatabase(readConfig(process.env), toStderr)
    try {
      await migrate(database.db)
      const bar = progress(size)
      const began = Date.now()
      const onProgress = (bytes: number, lines: number) =>
        bar.show(bytes, `${lines} lines, ${Math.round(lines / ((Date.now() - began) / 1000))} a second`)
      const input = file === '-' ? process.stdin : createReadStream(file)
      const answer = await importLines(database.db, input, { onProgress })
      bar.end()
      return tell(answer)
    } finally {
      await database.close()
    }
  },
}

function tell({ imported, errors }: ImportAnswer): number {
  const counts = Object.entries(imported).map(([kind, count]) => `${count} ${kind.replaceAll('_', ' ')}`)
  process.stdout.write(`Taken in: ${counts.join(', ')}\n`)
  for (const { line, message } of errors) toStderr(`line ${line}: ${message}`)
  return errors.length === 0 ? 0 : 1
}
