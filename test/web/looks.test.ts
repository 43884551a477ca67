import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { newSnug } from '../kit.ts'
import {
  assertAccessible,
  assertQuiet,
  bubbles,
  composer,
  DESKTOP,
  openInbox,
  PHONE,
  rowOf,
  shows,
  TABLET,
  until,
} from './kit.ts'

// How it looks and is worked: widths, light and dark, by the keyboard alone, from right to left, and whatever people write.

const snug = await newSnug()
await snug.users('ada', 'bob', 'cyd')
await snug.community('club', 'ada')
for (const id of ['bob', 'cyd']) await snug.member('club', id)
await snug.send('club', 'bob', 'ada', 'Hello! See https://example.com/path?q=1.')
await snug.send('club', 'ada', 'bob', 'I have seen it.')
await snug.send('club', 'bob', 'ada', '🥃🎉')
await snug.send('club', 'cyd', 'ada', 'And me?')

const PAGES = ['', '&user=bob', '&view=members', '&view=insights', '&view=settings']
const READY = ['.row', '.bubble', '.member', '.plot', '.switch']

const overflows = (page: Page) =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth')

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, viewport] of Object.entries({ phone: PHONE, tablet: TABLET, desktop: DESKTOP })) {
    test(`axe finds nothing on any page: ${colorScheme}, ${width}`, async () => {
      const page = await openInbox(snug, 'ada', { query: 'community=club', viewport, colorScheme })
      for (const [i, query] of PAGES.entries()) {
        await page.goto(`${snug.snug.url}/?community=club${query}`)
        await page.locator(`${READY[i]} >> visible=true`).first().waitFor()
        await assertAccessible(page, `${query} ${width} ${colorScheme}`)
        assert.ok(!(await overflows(page)), query)
      }
      await page.goto(`${snug.snug.url}/?community=club&view=members`)
      await page.getByRole('button', { name: 'Block: name of bob' }).click()
      await page.getByRole('dialog').waitFor()
      await assertAccessible(page, `the dialog, ${width} ${colorScheme}`)
      assertQuiet(page)
    })
  }
}

test('on a phone the list or the thread, with a way back; beside each other where there is room', async () => {
  const phone = await openInbox(snug, 'ada', { query: 'community=club', viewport: PHONE })
  await rowOf(phone, /name of bob/).click()
  await composer(phone).waitFor()
  assert.equal(await phone.locator('.side').isVisible(), false)
  await phone.getByRole('button', { name: 'Back' }).click()
  await rowOf(phone, /name of cyd/).waitFor()
  assert.equal(await phone.locator('.pane').isVisible(), false)
  await phone.goBack()
  await composer(phone).waitFor()
  for (const viewport of [TABLET, DESKTOP]) {
    const page = await openInbox(snug, 'ada', { query: 'community=club&user=bob', viewport })
    await composer(page).waitFor()
    await rowOf(page, /name of cyd/).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Back' }).isVisible(), false)
  }
})

test('everything by the keyboard alone', async () => {
  const page = await openInbox(snug, 'ada', { query: 'community=club' })
  await rowOf(page, /name of cyd/).waitFor()
  const tabTo = async (what: string) => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab')
      const shown = await page.evaluate<string>(
        `(() => { const at = document.activeElement; return !at.matches('a, button, input, textarea, select') ? '' : [at.getAttribute('aria-label'), at.innerText].join(' ') })()`,
      )
      if (shown.includes(what)) return
    }
    assert.fail(`${what} was not reached`)
  }
  await tabTo('Search by name')
  await page.keyboard.type('cyd')
  await until(async () => assert.equal(await page.locator('.row').count(), 1))
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.press('Delete')
  await until(async () => assert.equal(await page.locator('.row').count(), 2))
  await tabTo('And me?')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'name of bob' }).waitFor()
  await tabTo('Write a message')
  await page.keyboard.type('typed only')
  await page.keyboard.press('Enter')
  await page.locator('.bubble', { hasText: 'typed only' }).waitFor()
  // Until then it may still take the place of what was shown for it.
  await page.getByText('Sent', { exact: true }).waitFor()
  await page.keyboard.press('Shift+Tab')
  await tabTo('Delete')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  // The focus is back where it was.
  await page.keyboard.press('Enter')
  await dialog.waitFor()
  await tabTo('Delete')
  await page.keyboard.press('Enter')
  await page.locator('.bubble', { hasText: 'typed only' }).waitFor({ state: 'detached' })
  await snug.send('club', 'bob', 'ada', 'back on the list')
  await tabTo('Members')
  await page.keyboard.press('Enter')
  await tabTo('Message: name of bob')
})

test('from right to left: mirrored, in its own words, and as accessible', async () => {
  const page = await openInbox(snug, 'ada', { query: 'community=club&user=cyd', locale: 'ar' })
  const box = page.getByRole('textbox', { name: 'اكتب رسالة' })
  await box.waitFor()
  const side = await page.locator('.side').boundingBox()
  const pane = await page.locator('.pane').boundingBox()
  assert.ok(side && pane && side.x > pane.x, 'the list is on the right')
  const theirs = await page.locator('.theirs .bubble').first().boundingBox()
  assert.ok(theirs && theirs.x + theirs.width > pane.x + pane.width * 0.7, 'theirs begin at the right')
  assert.equal(await page.evaluate('document.documentElement.lang'), 'ar')
  assert.ok(!(await overflows(page)))
  await assertAccessible(page, 'Arabic')
})

test('no motion where less of it is asked for', async () => {
  const page = await openInbox(snug, 'ada', {
    query: 'community=club&view=settings',
    reducedMotion: 'reduce',
  })
  await page.locator('.switch').first().waitFor()
  const moving = await page.evaluate<number>(
    `[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s' || getComputedStyle(one).animationName !== 'none').length`,
  )
  assert.equal(moving, 0)
})

const HOSTILE = [
  '<script>globalThis.pwned = 1</script>',
  '<img src=x onerror="globalThis.pwned = 1">',
  '<svg/onload=globalThis.pwned=1>',
  'javascript:globalThis.pwned=1',
  'https://example.com/"onmouseover="globalThis.pwned=1',
  'https://user:pass@example.com@evil.example/',
  '<iframe srcdoc="<script>parent.pwned=1</script>">',
  '{{constructor.constructor("globalThis.pwned=1")()}}',
  '</textarea><style>*{display:none}</style>',
  '\u202Egnp.exe\u202C\u2066\u2067',
  `https://example.com/\u202Emoc.live`,
  `Z${'\u0351\u0352\u0353\u0354\u0355'.repeat(999)}`,
  'x'.repeat(5_000),
  '\u200b\u200e\u200f\u2028\u2029',
  '\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67\u200d\ud83d\udc66'.repeat(400),
  'مرحبا 123 hello שלום',
  '﷽'.repeat(600),
]

test('whatever people write runs nothing, goes nowhere and breaks nothing', async () => {
  await snug.users('mal')
  const named = await snug.call('PUT', '/service/v1/users/mal', {
    service: true,
    body: {
      username: `<b onclick=alert(1)>\u202Eevil${'\u0351'.repeat(60)}`,
      avatar_url: 'https://evil.example/x.png',
    },
  })
  assert.equal(named.status, 200, JSON.stringify(named.body))
  await snug.member('club', 'mal')
  for (const text of HOSTILE) await snug.send('club', 'mal', 'ada', text)
  const page = await openInbox(snug, 'ada', { query: 'community=club&user=mal' })
  const asked: string[] = []
  // What the policy refuses is asked of nobody.
  page.on('requestfinished', (request) => {
    if (!request.url().startsWith(snug.snug.url)) asked.push(request.url())
  })
  await until(async () => assert.equal(await bubbles(page).count(), HOSTILE.length))
  // To the letter.
  assert.deepEqual(await bubbles(page).evaluateAll((all) => all.map((one) => one.textContent)), HOSTILE)
  assert.equal(await page.evaluate('globalThis.pwned'), undefined)
  assert.deepEqual(asked, [])
  assert.ok(!(await overflows(page)))
  const links = await page
    .locator('.bubble a')
    .evaluateAll((all) => all.map((one) => one.getAttribute('href')))
  assert.deepEqual(links, ['https://example.com/', 'https://example.com/'])
  const outside = await page.locator('.bubble').evaluateAll(
    (all) =>
      all.filter((one) => {
        const box = one.getBoundingClientRect()
        const pane = (one.closest('.pane') as unknown as typeof one).getBoundingClientRect()
        return box.left < pane.left || box.right > pane.right
      }).length,
  )
  assert.equal(outside, 0)
  const row = await rowOf(page, /evil/).boundingBox()
  assert.ok(row && row.height <= 76)
  await assertAccessible(page, 'hostile text')
})

test('addresses are links, emoji alone are large, line breaks stay', async () => {
  const page = await openInbox(snug, 'bob', { query: 'community=club&user=ada' })
  const link = page.getByRole('link', { name: 'https://example.com/path?q=1' })
  assert.equal(await link.getAttribute('href'), 'https://example.com/path?q=1')
  assert.match(String(await link.getAttribute('rel')), /noopener noreferrer/)
  await page.locator('.emoji .bubble', { hasText: '🥃🎉' }).waitFor()
  await snug.send('club', 'bob', 'ada', 'one\n\n  two')
  await until(async () => assert.equal(await bubbles(page).last().innerText(), 'one\n\n  two'))
})

test('the page has a strict policy, and nothing inline', async () => {
  const answer = await fetch(snug.snug.url)
  const policy = String(answer.headers.get('content-security-policy'))
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "require-trusted-types-for 'script'",
  ])
    assert.ok(policy.includes(rule), policy)
  assert.doesNotMatch(policy, /unsafe|\*|https?:/)
  const html = await answer.text()
  assert.doesNotMatch(html, /<style|style=|<script(?![^>]*src=)|\son\w+=/i)
  const urls = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string)
  assert.ok(
    urls.every((url) => url.startsWith('./')),
    urls.join(),
  )
  await shows((await openInbox(snug, 'ada', { query: 'community=club&user=cyd' })).locator('.bubble'), [
    'And me?',
  ])
})
