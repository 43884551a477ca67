import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { newSnug } from '../kit.ts'
import { assertQuiet, bubbles, openInbox, rowOf, until, write } from './kit.ts'

// Long threads and long lists: where they open, and that scrolling leads all the way without drawing everything.

const MESSAGES = 3_000
const PEOPLE = 1_000

const snug = await newSnug()
await snug.users('ada', 'bob')
await snug.community('club', 'ada')
await snug.member('club', 'bob')

const at = (i: number) => new Date(Date.now() - (MESSAGES - i) * 600_000).toISOString().replace(/\.\d+/, '')
async function load(lines: readonly object[]): Promise<void> {
  const body = lines.map((line) => JSON.stringify(line)).join('\n')
  const answer = await snug.call('POST', '/service/v1/import', { service: true, body })
  assert.deepEqual((answer.body as { errors: unknown[] }).errors, [])
}
await load(
  Array.from({ length: MESSAGES }, (_, i) => ({
    ...{ type: 'message', community_id: 'club', content: `number ${i + 1}`, created_at: at(i) },
    ...(i % 3 === 0 ? { sender_id: 'ada', recipient_id: 'bob' } : { sender_id: 'bob', recipient_id: 'ada' }),
  })),
)

const thread = (page: Page) => page.locator('.thread')
const scrollTo = (page: Page, top: string) =>
  thread(page).evaluate((element, to) => {
    element.scrollTop = to === 'end' ? element.scrollHeight : Number(to)
  }, top)
/** The messages that are on the screen. */
const seen = (page: Page) =>
  thread(page).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect()
    return [...element.querySelectorAll('.bubble')]
      .filter((one) => one.getBoundingClientRect().bottom > top && one.getBoundingClientRect().top < bottom)
      .map((one) => one.textContent as string)
  })

test('a thread that is read opens at its end', async () => {
  const page = await openInbox(snug, 'ada', { query: 'community=club&user=bob' })
  await until(async () => assert.equal((await seen(page)).at(-1), `number ${MESSAGES}`))
  assert.equal(await page.getByText('New', { exact: true }).count(), 0)
  assertQuiet(page)
})

test('up to the very first message and down again, with no more drawn than is near', async () => {
  const page = await openInbox(snug, 'ada', { query: 'community=club&user=bob' })
  await until(async () => assert.equal((await seen(page)).at(-1), `number ${MESSAGES}`))
  let most = 0
  let last = MESSAGES
  // Each time to the top of what is held: what is asked for comes above it, and what was seen stays where it is.
  await until(async () => {
    const [first = ''] = await seen(page)
    last = Math.min(last, Number(first.replace('number ', '')))
    most = Math.max(most, await bubbles(page).count())
    if (last > 1) await scrollTo(page, '0')
    assert.equal(last, 1)
  }, 180_000)
  await page.getByText('This is where it begins').waitFor()
  assert.ok(most <= 300, `${most} messages were drawn at once`)
  await page.getByRole('button', { name: 'Latest messages' }).click()
  await until(async () => assert.equal((await seen(page)).at(-1), `number ${MESSAGES}`))
  assertQuiet(page)
})

test('what is read stays where it is when older messages come above it and newer below', async () => {
  const page = await openInbox(snug, 'ada', { query: 'community=club&user=bob' })
  await until(async () => assert.equal((await seen(page)).at(-1), `number ${MESSAGES}`))
  await scrollTo(page, '900')
  const placeOf = (text: string) =>
    page
      .locator('.bubble', { hasText: new RegExp(`^${text}$`) })
      .evaluate((one) => one.getBoundingClientRect().top)
  const [, watched = ''] = await seen(page)
  const before = await placeOf(watched)
  await until(async () => assert.ok((await bubbles(page).count()) > 60))
  assert.ok(Math.abs((await placeOf(watched)) - before) < 2)
  await snug.send('club', 'bob', 'ada', 'while you read')
  await page.getByRole('button', { name: '1 new message' }).waitFor()
  assert.ok(Math.abs((await placeOf(watched)) - before) < 2)
  await page.getByRole('button', { name: '1 new message' }).click()
  await until(async () => assert.equal((await seen(page)).at(-1), 'while you read'))
})

test('what is new is where it opens, however much of it there is', async () => {
  for (let i = 1; i <= 130; i++) await snug.send('club', 'ada', 'bob', `news ${i}`)
  const page = await openInbox(snug, 'bob', { query: 'community=club&user=ada' })
  await page.getByText('New', { exact: true }).waitFor()
  await until(async () => assert.ok((await seen(page)).includes('news 1')))
  const { unread } = { unread: rowOf(page, /name of ada/).getByText('130 unread messages') }
  assert.equal(await unread.count(), 1)
  await page.getByRole('button', { name: 'Latest messages' }).click()
  await until(async () => assert.equal((await seen(page)).at(-1), 'news 130'))
  await unread.waitFor({ state: 'detached' })
  // An answer is at the end, and what was new is not any more when it is opened again.
  await write(page, 'read them all')
  await page.reload()
  await until(async () => assert.equal((await seen(page)).at(-1), 'read them all'))
  assert.equal(await page.getByText('New', { exact: true }).count(), 0)
  assertQuiet(page)
})

test('a long list: all of it is reached, and little of it is drawn', async () => {
  const person = (i: number) => `p${String(i).padStart(4, '0')}`
  await load([
    ...Array.from({ length: PEOPLE }, (_, i) => ({ type: 'user', id: person(i), username: person(i) })),
    ...Array.from({ length: PEOPLE }, (_, i) => ({
      type: 'member',
      community_id: 'club',
      user_id: person(i),
      status: 'active',
    })),
    ...Array.from({ length: PEOPLE }, (_, i) => ({
      ...{ type: 'message', community_id: 'club', content: `from ${person(i)}`, created_at: at(i) },
      ...{ sender_id: person(i), recipient_id: 'ada' },
    })),
  ])
  const page = await openInbox(snug, 'ada', { query: 'community=club' })
  await page.locator('.row').first().waitFor()
  const list = page.locator('.side .scroll')
  const names = new Set<string>()
  await until(async () => {
    for (const name of await page.locator('.row-name').allInnerTexts()) names.add(name)
    assert.ok((await page.locator('.row').count()) < 60)
    await list.evaluate((element) => {
      element.scrollTop += element.clientHeight
    })
    assert.equal(names.size, PEOPLE + 1)
  }, 180_000)
  // Found by name, and live: whoever writes comes to the top.
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('p0500')
  await rowOf(page, /from p0500/).waitFor()
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('')
  await snug.send('club', person(3), 'ada', 'me again')
  await until(async () => assert.match(await page.locator('.row').first().innerText(), /me again/))
  await page.getByRole('button', { name: 'Awaiting reply' }).click()
  await rowOf(page, /me again/).waitFor()
  assertQuiet(page)
})
