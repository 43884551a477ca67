import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { readConfig } from '../src/config.ts'
import { startSnug } from '../src/main.ts'
import { launchChromium } from '../test/web/chromium.ts'

// npm run screenshots: the README's pictures, of the trial in a real browser, and the icons that are not drawn by hand.

const FOLDER = 'docs/screenshots'
const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2 }
const DESKTOP = { viewport: { width: 1200, height: 760 } }
const DAY_MS = 86_400_000

const ASKED = [
  'Does the peated one need water?',
  'I opened the bottle you picked. What a nose!',
  'Can I bring a friend on Friday?',
  'Which glass do you use?',
  'The package has come, thank you!',
  'Is there a place left at the tasting?',
  'My father would like the same one.',
  'What was the third dram called?',
]
const TOLD = [
  'A few drops, and ten minutes of patience.',
  'I hoped you would say that.',
  'Of course, there is room for two.',
  'A small tulip. The wide ones lose half of it.',
  'Enjoy it, and tell me what you find.',
  'One. It is yours.',
  'Good taste runs in the family.',
  'That was the 12, from the sherry cask.',
]
const dataDir = mkdtempSync(join(tmpdir(), 'snug-pictures-'))
const snug = await startSnug(readConfig({ PORT: '0', SNUG_DATA_DIR: dataDir }), () => {})
const browser = await launchChromium()
mkdirSync(FOLDER, { recursive: true })
try {
  await history()
  for (const colorScheme of ['light', 'dark'] as const) {
    await shoot(`desktop-${colorScheme}`, 'ada', 'user=robin', { ...DESKTOP, colorScheme })
    await shoot(`insights-${colorScheme}`, 'ada', 'view=insights', { ...DESKTOP, colorScheme })
    await shoot(`members-${colorScheme}`, 'ada', 'view=members', { ...DESKTOP, colorScheme })
    await shoot(`phone-list-${colorScheme}`, 'ada', '', { ...PHONE, colorScheme })
    await shoot(`phone-thread-${colorScheme}`, 'robin', 'user=ada', { ...PHONE, colorScheme })
  }
  for (const size of [192, 512]) await icon(size)
} finally {
  await browser.close()
  await snug.stop()
  rmSync(dataDir, { recursive: true, force: true })
}

async function shoot(
  name: string,
  user: string,
  query: string,
  options: BrowserContextOptions,
): Promise<void> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  const page: Page = await context.newPage()
  const token = snug.sign(user, 3_600).access_token
  await page.goto(`${snug.url}/?community=whisky-club&${query}#token=${token}`)
  await page.waitForLoadState('load')
  await page
    .locator(query === '' ? '.row' : '.bubble, .plot, .member')
    .first()
    .waitFor()
  await page.evaluate('document.activeElement?.blur()')
  await page.screenshot({ path: `${FOLDER}/${name}.png` })
  await context.close()
}

/** Some weeks of it, so that there is something to look at. */
async function history(): Promise<void> {
  const lines = Array.from({ length: 160 }, (_, i) => {
    const member = ['robin', 'kim', 'noor'][i % 3] as string
    const asks = i % 5 !== 4
    const at = new Date(
      Date.now() - (80 - i / 2) * DAY_MS * (1 - i / 8_000) - ((i * i * 389) % 20_000) * 1_000,
    )
    return {
      ...{ type: 'message', community_id: 'whisky-club', content: (asks ? ASKED : TOLD)[i % 8] },
      ...{ sender_id: asks ? member : 'ada', recipient_id: asks ? 'ada' : member },
      created_at: at.toISOString().replace(/\.\d+/, ''),
    }
  })
  const answer = await fetch(`${snug.url}/service/v1/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${snug.secrets.serviceKeys[0]}` },
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
  })
  if (!answer.ok) throw new Error(`the import was answered ${answer.status}`)
}

async function icon(size: number): Promise<void> {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  const drawn = readFileSync('web/public/icon.svg', 'utf8').replace('rx="112"', '')
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${drawn}`)
  writeFileSync(`web/public/icon-${size}.png`, await page.screenshot())
  await page.close()
}
