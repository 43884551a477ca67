import { once } from 'node:events'
import { exportLines } from '../actions/export.ts'
import { readConfig } from '../config.ts'
import { joinDatabase } from '../database.ts'
import { toStderr } from './help.ts'
import type { Command } from './index.ts'
import { progress } from './progress.ts'

export const exportAll: Command = {
  help: `snug export [--community <id>]

Writes everything, or one community with its people, to standard output as NDJSON: what \`snug import\` takes. All of it is from one
moment, also while Snug serves. Exit code 0 means that it is whole.
`,
  options: { community: { type: 'string' } },
  async run(values) {
    const communityId = (values.community as string | undefined) ?? null
    const database = await joinDatabase(readConfig(process.env), toStderr)
    try {
      const bar = progress(null)
      const onProgress = (lines: number) => bar.show(lines, `${lines} lines`)
      for await (const chunk of exportLines(database.db, { communityId, onProgress })) {
        if (!process.stdout.write(chunk)) await once(process.stdout, 'drain')
      }
      bar.end()
      return 0
    } finally {
      await database.close()
    }
  },
}
