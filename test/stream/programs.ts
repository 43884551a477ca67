import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
// Debian keeps servers where an ordinary user's PATH does not look.
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin']
const installing = new Map<string, Promise<void>>()

/** The path of a program of Debian's that a test runs; undefined when it is not there. */
function findProgram(name: string): string | undefined {
  return FOLDERS.filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * The path of a program that a test runs, installed from Debian's package where it is missing and the test may.
 * @throws {Error} with one line that says what to install
 */
export async function needProgram(name: string, debianPackage: string): Promise<string> {
  const there = findProgram(name)
  if (there) return there
  const missing = `${name} is missing: apt-get install ${debianPackage}`
  if (process.getuid?.() !== 0 || !findProgram('apt-get')) throw new Error(missing)
  const installed = installing.get(debianPackage) ?? install(debianPackage)
  installing.set(debianPackage, installed)
  await installed.catch((error: Error) => {
    throw new Error(`${missing} (it failed: ${error.message.split('\n')[0]})`)
  })
  const found = findProgram(name)
  if (!found) throw new Error(missing)
  return found
}

/** Without recommended packages, and without starting the service that the package brings. */
async function install(debianPackage: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], { env }).catch(
    async () => {
      await run('apt-get', ['update', '-qq'], { env })
      await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], { env })
    },
  )
}
