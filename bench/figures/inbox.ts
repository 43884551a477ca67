import { globSync, readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../test/web/chromium.ts'
import { makeLong } from '../lib/data.ts'
import { makePeople } from '../lib/people.ts'
import type { Report } from '../lib/report.ts'
import { openBench, serveSnug, signer } from '../lib/server.ts'
import { median, ratioOf } from '../lib/stats.ts'

const MESSAGES = 250_000
const CONVERSATIONS = 100_000
/** Of script and style, compressed, until the first conversation can be shown. */
const LOAD_MOST = 40_000
const FRAME_MOST_MS = 50
const SLOWDOWN = 4
const PHONE = { width: 390, height: 780 }

/** What the inbox weighs, how soon it shows something on a slow phone, and whether it scrolls without a stop. */
export async function inbox(quick: boolean): Promise<Report> {
  const [rounds, screens] = quick ? [3, 60] : [7, 400]
  const bench = await openBench()
  try {
    await makePeople(bench, { communities: 2, members: 10 })
    await makeLong(bench, MESSAGES, CONVERSATIONS)
    const server = await serveSnug(bench)
    const url = `http://127.0.0.1:${server.port}`
    const browser = await launchChromium('--js-flags=--expose-gc')
    try {
      const opened = []
      for (let round = 0; round < rounds; round++) opened.push(await openOnce(browser, url))
      const thread = await scrollThrough(browser, threadOf(url), '.thread', -1, screens)
      const list = await scrollThrough(browser, listOf(url), '.side .scroll', 1, screens)
      return report({ opened, thread, list, screens })
    } finally {
      await browser.close()
      await server.stop()
    }
  } finally {
    await bench.close()
  }
}

const token = (user: string) => signer(user, 3_600).access_token
const threadOf = (url: string) => `${url}/?community=community-1&user=member-1-1#token=${token('creator-1')}`
const listOf = (url: string) => `${url}/?community=community-2#token=${token('creator-2')}`

interface Opened {
  /** Milliseconds from the navigation, as the page's own clock has them. */
  readonly list: number
  readonly thread: number
  /** Bytes of script and style that came over the line. */
  readonly bytes: number
  /** Milliseconds of script until the first conversation was there. */
  readonly script: number
  /** When the last of the first files, and the list, had come. */
  readonly files: number
  readonly answer: number
}

/** A browser that has never been here, on a processor a quarter as fast: the list, and from a tap on it the thread. */
async function openOnce(browser: Browser, url: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: PHONE, serviceWorkers: 'block' })
  const page = await context.newPage()
  const cdp = await context.newCDPSession(page)
  await cdp.send('Performance.enable')
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN })
  await page.addInitScript(`
    globalThis.seen = (selector) => new Promise((resolve) => {
      const look = () => {
        if (document.querySelector(selector)) requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0))
        else requestAnimationFrame(look)
      }
      look()
    })
    globalThis.listSeen = globalThis.seen('.row')`)
  await page.goto(listOf(url))
  const list = await page.evaluate<number>('globalThis.listSeen')
  const { metrics } = await cdp.send('Performance.getMetrics')
  const script = (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0) * 1_000
  const bytes = await page.evaluate<number>(
    `performance.getEntriesByType('resource').filter((one) => /\\.(js|css)$/.test(one.name)).reduce((sum, one) => sum + one.encodedBodySize, 0)`,
  )
  const ends = (pattern: string) =>
    page.evaluate<number>(
      `Math.max(...performance.getEntriesByType('resource').filter((one) => ${pattern}.test(one.name)).map((one) => one.responseEnd))`,
    )
  const [files, answer] = [await ends('/\\.(js|css)$/'), await ends('/conversations/')]
  const thread = await page.evaluate<number>(`(async () => {
    const from = performance.now()
    document.querySelector('.row').click()
    return (await globalThis.seen('.bubble')) - from
  })()`)
  await context.close()
  return { list, thread, bytes, script, files, answer }
}

interface Scrolled {
  /** The longest time between two frames, in milliseconds. */
  readonly longest: number
  readonly frames: number
  /** Bytes of the script's heap after a collection: when a quarter was scrolled, and at the end. */
  readonly early: number
  readonly late: number
  readonly elements: number
}

/** As a wheel turns: a fifth of a screen each frame, as far as what there is goes. */
async function scrollThrough(
  browser: Browser,
  url: string,
  selector: string,
  direction: 1 | -1,
  screens: number,
): Promise<Scrolled> {
  const context = await browser.newContext({
    viewport: { width: 1_280, height: 800 },
    serviceWorkers: 'block',
  })
  const page = await context.newPage()
  await page.goto(url)
  await page.locator('.row, .bubble').first().waitFor()
  await page.waitForLoadState('networkidle')
  const gaps: number[] = []
  const heaps: number[] = []
  // The first quarter fills what is held at once.
  for (const share of [1 / 4, 3 / 4]) {
    gaps.push(...(await scroll(page, selector, direction, Math.round(screens * share * 5))))
    heaps.push(await heapOf(page))
  }
  const elements = await page.evaluate<number>("document.querySelectorAll('*').length")
  await context.close()
  const [early = 0, late = 0] = heaps
  return { longest: Math.max(...gaps), frames: gaps.length, early, late, elements }
}

/** @returns the time between each frame and the next, in milliseconds */
const scroll = (page: Page, selector: string, direction: number, steps: number) =>
  page.evaluate<number[]>(`new Promise((resolve) => {
    const element = document.querySelector(${JSON.stringify(selector)})
    const gaps = []
    let last = performance.now()
    let left = ${steps}
    const frame = () => {
      const now = performance.now()
      gaps.push(now - last)
      last = now
      element.scrollTop += ${direction} * element.clientHeight / 5
      if (left-- > 0) requestAnimationFrame(frame)
      else resolve(gaps)
    }
    requestAnimationFrame(frame)
  })`)

const heapOf = (page: Page) =>
  page.evaluate<number>('(globalThis.gc(), globalThis.gc(), performance.memory.usedJSHeapSize)')

function report(of: {
  readonly opened: readonly Opened[]
  readonly thread: Scrolled
  readonly list: Scrolled
  readonly screens: number
}): Report {
  const { opened, thread, list, screens } = of
  const ms = (values: readonly number[]) => `${median(values).toFixed(0)} ms`
  const kb = (bytes: number) => `${(bytes / 1_000).toFixed(1)} KB`
  const heap = ({ early, late }: Scrolled) =>
    `${(early / 2 ** 20).toFixed(1)} and ${(late / 2 ** 20).toFixed(1)} MiB`
  const frames = ({ longest }: Scrolled) => ratioOf([{ ours: longest, theirs: FRAME_MOST_MS }])
  const sizes = opened.map(({ bytes }) => ({ ours: bytes, theirs: LOAD_MOST }))
  const all = globSync('web/dist/assets/*.{js,css}.gz').reduce(
    (sum, file) => sum + readFileSync(file).length,
    0,
  )
  return {
    name: 'inbox',
    what: `The page in Chromium. Script and style that are loaded until the first conversation is painted ÷ ${LOAD_MOST / 1_000} KB; the longest time between two frames while a thread of ${MESSAGES.toLocaleString('en')} messages, and a list of ${CONVERSATIONS.toLocaleString('en')} conversations, are scrolled by a fifth of a screen each frame for ${screens} screens ÷ ${FRAME_MOST_MS} ms. Painted: the frame after the first conversation is in the document, on a processor slowed down ${SLOWDOWN} times, by a browser that has nothing of it yet, on a phone's screen.`,
    figures: [
      { name: 'inbox', ...ratioOf(sizes), reach: 1, atMost: true },
      { name: 'scroll-thread', ...frames(thread), reach: 1, atMost: true },
      { name: 'scroll-list', ...frames(list), reach: 1, atMost: true },
    ],
    rows: [
      ['script and style that are loaded at first', kb(median(opened.map(({ bytes }) => bytes)))],
      ['all there is, gzipped', kb(all)],
      ['navigation to the first conversation painted', ms(opened.map(({ list }) => list))],
      ['of it until its files had come', ms(opened.map(({ files }) => files))],
      [
        'from then until the list had come: the start, and two requests one after the other',
        ms(opened.map(({ answer, files }) => answer - files)),
      ],
      ['from then until it was painted', ms(opened.map(({ list, answer }) => list - answer))],
      ['of it running script', ms(opened.map(({ script }) => script))],
      ['a tap on it to the thread painted', ms(opened.map(({ thread }) => thread))],
      ['thread: longest between two frames', `${thread.longest.toFixed(0)} ms of ${thread.frames} frames`],
      ['thread: heap after a quarter, and at the end', heap(thread)],
      ['thread: elements at the end', String(thread.elements)],
      ['list: longest between two frames', `${list.longest.toFixed(0)} ms of ${list.frames} frames`],
      ['list: heap after a quarter, and at the end', heap(list)],
      ['list: elements at the end', String(list.elements)],
    ],
  }
}
