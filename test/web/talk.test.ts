import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newSnug } from '../kit.ts'
import { assertQuiet, bubbles, composer, openInbox, rowOf, shows, until, write } from './kit.ts'

// Two people in two browsers, who talk live.

const snug = await newSnug()
await snug.users('ada', 'bob', 'cyd')
await snug.community('club', 'ada')
for (const id of ['bob', 'cyd']) await snug.member('club', id)

const withUser = (user: string) => `community=club&user=${user}`

test('a token is taken out of the address at once, and kept in the tab alone', async () => {
  const page = await openInbox(snug, 'ada', { query: 'community=club' })
  await page.getByRole('heading', { name: 'Community club' }).waitFor()
  assert.equal(new URL(page.url()).hash, '')
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(snug.token('ada')))
  await page.reload()
  await page.getByRole('heading', { name: 'Community club' }).waitFor()
  assertQuiet(page)
})

test('what one writes the other sees, with typing, read marks and counts', async () => {
  const bob = await openInbox(snug, 'bob')
  await bob.getByRole('button', { name: 'Write to name of ada' }).click()
  const ada = await openInbox(snug, 'ada')
  await ada.getByText('No conversations yet').waitFor()
  await write(bob, 'Hello Ada!\nSecond line')
  await shows(bubbles(bob), ['Hello Ada!\nSecond line'])
  await bob.getByText('Sent', { exact: true }).waitFor()
  const row = rowOf(ada, /name of bob/)
  await row.getByText('1 unread message').waitFor({ state: 'attached' })
  await row.click()
  await shows(bubbles(ada), ['Hello Ada!\nSecond line'])
  await bob.getByText('Read', { exact: true }).waitFor()
  await ada.locator('.badge').waitFor({ state: 'detached' })
  await rowOf(ada, /Awaiting your reply/).waitFor()
  await composer(ada).pressSequentially('Hi')
  await bob.getByText('name of ada is typing…').waitFor()
  await composer(ada).press('Enter')
  await shows(bubbles(bob), ['Hello Ada!\nSecond line', 'Hi'])
  await bob.getByText('name of ada is typing…').waitFor({ state: 'detached' })
  await until(async () => assert.equal(await rowOf(ada, /Awaiting your reply/).count(), 0))
  // Said to screen readers, to the one who did not write it.
  await until(async () =>
    assert.equal(await bob.locator('[aria-live=polite]').innerText(), 'name of ada: Hi'),
  )
  assert.equal(await ada.locator('[aria-live=polite] p').count(), 1)
  assertQuiet(ada, bob)
})

test('Enter sends, Shift+Enter breaks the line, and the box grows with what is in it', async () => {
  const page = await openInbox(snug, 'cyd', { query: withUser('ada') })
  const height = async () => (await composer(page).boundingBox())?.height ?? 0
  const low = await height()
  await composer(page).pressSequentially('one')
  await composer(page).press('Shift+Enter')
  await composer(page).pressSequentially('two')
  assert.ok((await height()) > low)
  await composer(page).press('Enter')
  await shows(bubbles(page), ['one\ntwo'])
  assert.equal(await composer(page).inputValue(), '')
  assert.equal(await height(), low)
  await composer(page).press('Enter')
  await composer(page).fill('   ')
  await composer(page).press('Enter')
  await shows(bubbles(page), ['one\ntwo'])
})

test('the characters are counted when few are left, and too many are not sent', async () => {
  const page = await openInbox(snug, 'cyd', { query: withUser('ada') })
  await composer(page).fill('🥃'.repeat(4_500))
  assert.equal(await page.getByText(/characters? left/).count(), 0)
  await composer(page).fill('🥃'.repeat(4_501))
  await page.getByText('499 characters left').waitFor()
  await composer(page).fill('🥃'.repeat(5_001))
  await page.getByText('1 character too long').waitFor()
  assert.ok(await page.getByRole('button', { name: 'Send' }).isDisabled())
  await composer(page).press('Enter')
  assert.equal((await composer(page).inputValue()).length, 10_002)
  await composer(page).fill('')
})

test('what was begun is kept for each thread, also beyond the page', async () => {
  for (const from of ['bob', 'cyd']) await snug.send('club', from, 'ada', `from ${from}`)
  const page = await openInbox(snug, 'ada', { query: withUser('bob') })
  await composer(page).fill('a draft for bob')
  await rowOf(page, /name of cyd/).click()
  assert.equal(await composer(page).inputValue(), '')
  await composer(page).fill('and one for cyd')
  await rowOf(page, /name of bob/).click()
  assert.equal(await composer(page).inputValue(), 'a draft for bob')
  await page.reload()
  assert.equal(await composer(page).inputValue(), 'a draft for bob')
  await composer(page).fill('')
  await rowOf(page, /name of cyd/).click()
  assert.equal(await composer(page).inputValue(), 'and one for cyd')
  await composer(page).fill('')
})

test('a deleted last message goes from both sides at once, and the conversation from both lists', async () => {
  const [ada, bob] = await Promise.all([
    openInbox(snug, 'ada', { query: withUser('bob') }),
    openInbox(snug, 'bob', { query: withUser('ada') }),
  ])
  await write(bob, 'a slip')
  await ada.locator('.bubble', { hasText: 'a slip' }).waitFor()
  await bob.getByRole('button', { name: 'Delete' }).click()
  const dialog = bob.getByRole('dialog')
  await dialog.getByText(/removed for both of you/).waitFor()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  for (const page of [ada, bob]) {
    await page.locator('.bubble', { hasText: 'a slip' }).waitFor({ state: 'detached' })
    await until(async () =>
      assert.equal(await rowOf(page, page === ada ? /name of bob/ : /name of ada/).count(), 0),
    )
  }
  await write(ada, 'back again')
  await rowOf(bob, /back again/).waitFor()
  assertQuiet(ada, bob)
})

test('what is refused is kept, with its reason, to be sent again or taken back', async () => {
  const page = await openInbox(snug, 'cyd', { query: withUser('ada') })
  await composer(page).fill('am I still in?')
  await page.route('**/messages', (route) =>
    route.fulfill({ status: 403, json: { message: ['You cannot send messages to this user'] } }),
  )
  await composer(page).press('Enter')
  await page.getByText('Not sent: You cannot send messages to this user').waitFor()
  await page.getByRole('button', { name: 'Send again' }).click()
  await page.getByText('Not sent: You cannot send messages to this user').waitFor()
  await page.unroute('**/messages')
  await page.getByRole('button', { name: 'Send again' }).click()
  await until(async () => assert.equal(await page.getByText(/Not sent/).count(), 0))
  await page.route('**/messages', (route) => route.fulfill({ status: 403, json: { message: ['no'] } }))
  await write(page, 'never mind')
  await page.getByRole('button', { name: 'Take back' }).click()
  await page.locator('.bubble', { hasText: 'never mind' }).waitFor({ state: 'detached' })
  const { body } = await snug.call('GET', '/api/v1/communities/club/messages/ada?per_page=100', { as: 'cyd' })
  const sent = (body as { data: { content: string }[] }).data.map(({ content }) => content)
  assert.equal(sent.filter((text) => text === 'am I still in?').length, 1)
  assert.ok(!sent.includes('never mind'))
})
