#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { explain, HELP, UsageError } from './commands/help.ts'
import { type Command, commands } from './commands/index.ts'

/** The command `snug`. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration (CONTRACT §8). */
async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(HELP)
    return 0
  }
  const command = commands[name]
  if (!command) throw new UsageError(`There is no command ${name}. \`snug --help\` lists them`)
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command.help)
    return 0
  }
  const { values, positionals } = parseArguments(name, rest, command.options)
  return command.run(values, positionals)
}

function parseArguments(name: string, args: string[], options: Command['options']) {
  try {
    return parseArgs({ args, options: { ...options }, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. See: snug ${name} --help`)
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { line, code } = explain(error)
  process.stderr.write(`snug: ${line}\n`)
  process.exitCode = code
}
