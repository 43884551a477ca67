import { readConfig } from '../config.ts'
import { joinDatabase } from '../database.ts'
import { migrate as migrateSchema } from '../store/migrate.ts'
import { toStderr } from './help.ts'
import type { Command } from './index.ts'

export const migrate: Command = {
  help: `snug migrate

Brings the database's schema up to date. \`snug serve\` does so by itself; before a rolling update of several servers it is done once by
hand. Safe to run at any time and by several at once.
`,
  options: {},
  async run() {
    const database = await joinDatabase(readConfig(process.env), toStderr)
    try {
      const applied = await migrateSchema(database.db)
      process.stdout.write(
        `${applied === 0 ? 'Nothing to do' : `${applied} migrations applied`}: ${database.place}\n`,
      )
      return 0
    } finally {
      await database.close()
    }
  },
}
