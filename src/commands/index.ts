import type { ParseArgsOptionsConfig } from 'node:util'
import { doctor } from './doctor.ts'
import { exportAll } from './export.ts'
import { importFile } from './import.ts'
import { migrate } from './migrate.ts'
import { notifications } from './notifications.ts'
import { serve } from './serve.ts'
import { token } from './token.ts'

export interface Command {
  readonly help: string
  readonly options: ParseArgsOptionsConfig
  /** @returns the exit code */
  run(values: Readonly<Record<string, unknown>>, positionals: readonly string[]): Promise<number>
}

export const commands: Readonly<Record<string, Command | undefined>> = {
  serve,
  migrate,
  token,
  import: importFile,
  export: exportAll,
  doctor,
  notifications,
}
