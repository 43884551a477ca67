import assert from 'node:assert/strict'
import { after } from 'node:test'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { TestSnug } from '../kit.ts'
import { launchChromium } from './chromium.ts'

/** One Chromium for the file. */
export const browser: Browser = await launchChromium()
after(() => browser.close())

export const PHONE = { width: 390, height: 780 }
export const TABLET = { width: 820, height: 1100 }
export const DESKTOP = { width: 1280, height: 800 }

/** What a page complained of: errors of its scripts, and whatever its policy refused. */
const complaints = new WeakMap<Page, string[]>()

/** A page in a browser of its own, as somebody else's would be. What goes wrong in it fails the test at `assertQuiet`. Closed when the test ends. */
export async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', ...options })
  context.setDefaultTimeout(45_000)
  after(() => context.close())
  const page = await context.newPage()
  const heard: string[] = []
  complaints.set(page, heard)
  page.on('pageerror', (error) => heard.push(error.message))
  page.on('console', (message) => {
    const text = message.text()
    if (
      message.type() === 'error' &&
      !/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|WebSocket connection|status of 4\d\d/.test(text)
    )
      heard.push(text)
  })
  return page
}

export function assertQuiet(...pages: Page[]): void {
  for (const page of pages) assert.deepEqual(complaints.get(page) ?? [], [])
}

export interface OpenOptions extends BrowserContextOptions {
  /** What follows the question mark of the address. */
  readonly query?: string
}

/** Opens the inbox as somebody, by a link with a token. */
export async function openInbox(
  snug: TestSnug,
  user: string,
  { query = '', ...options }: OpenOptions = {},
): Promise<Page> {
  const page = await newPage(options)
  await page.goto(`${snug.snug.url}/?${query}#token=${snug.token(user)}`)
  return page
}

/** A thread in the list. */
export const rowOf = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name })
/** The messages of the open thread that are shown, from the first to the last. */
export const bubbles = (page: Page): Locator => page.locator('.thread .bubble')
export const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Write a message' })

/** Writes a message and sends it by the keyboard. */
export async function write(page: Page, text: string): Promise<void> {
  await composer(page).fill(text)
  await composer(page).press('Enter')
}

/** Waits until what is checked holds. @throws what it failed with last, after 45 s or what is given */
export async function until(check: () => Promise<void>, within = 45_000): Promise<void> {
  const end = Date.now() + within
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** The texts are these, in this order, sooner or later. */
export const shows = (locator: Locator, texts: readonly string[]): Promise<void> =>
  until(async () => assert.deepEqual(await locator.allInnerTexts(), texts))

/** axe finds nothing in what is shown. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  // By the debugger, as the page's policy lets nobody add a script.
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
    )
  })
  assert.deepEqual(found, [], what)
}
