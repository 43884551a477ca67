import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const INSTALL = 'apt-get install -y chromium'
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
]

/**
 * The path of a Chromium: SNUG_TEST_CHROMIUM, the system's, Playwright's own, or Debian's package, which is installed where that is allowed.
 * @throws {Error} that says what to install; nothing is ever skipped for the want of it
 */
function findChromium(): string {
  const named = process.env.SNUG_TEST_CHROMIUM
  if (named) return named
  const found = () => [...PLACES, chromium.executablePath()].find((path) => path !== '' && existsSync(path))
  const there = found()
  if (there) return there
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args: string[]) =>
      execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, stdio: 'ignore' })
    try {
      apt('update')
      apt('install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core')
    } catch {
      throw new Error(`Chromium could not be installed. The inbox's tests need it: ${INSTALL}`)
    }
    const installed = found()
    if (installed) return installed
  }
  throw new Error(`The inbox's tests need Chromium: sudo ${INSTALL}, or SNUG_TEST_CHROMIUM=<path>`)
}

/** Starts it. @param more arguments of Chromium's own */
export function launchChromium(...more: string[]): Promise<Browser> {
  // Chromium's sandbox does not run as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: findChromium(), args: [...args, ...more] })
}
