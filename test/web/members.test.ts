import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newSnug } from '../kit.ts'
import { assertQuiet, bubbles, composer, openInbox, rowOf, shows, until, write } from './kit.ts'

// What a creator does about members, seen from both sides; a membership that ends; insights; settings.

const snug = await newSnug()
await snug.users('ada', 'bob', 'cyd', 'dan')
await snug.community('club', 'ada')
for (const id of ['bob', 'cyd', 'dan']) await snug.member('club', id)
for (const id of ['bob', 'cyd']) await snug.send('club', id, 'ada', `hello from ${id}`)

const withUser = (user: string) => `community=club&user=${user}`
const members = 'community=club&view=members'

test('a creator finds a member and starts a conversation', async () => {
  const page = await openInbox(snug, 'ada', { query: members })
  await page.getByRole('button', { name: 'Active 3' }).waitFor()
  await page.getByRole('searchbox', { name: 'Search by name or email' }).fill('of dan')
  await until(async () => assert.equal(await page.locator('.member').count(), 1))
  await page.getByRole('button', { name: 'Message: name of dan' }).click()
  await page.getByText('Say hello to').waitFor()
  await write(page, 'Welcome!')
  await rowOf(page, /name of dan/).waitFor()
  await shows(bubbles(page), ['Welcome!'])
  assertQuiet(page)
})

test('a block takes the conversation from both at once, an unblock brings it back', async () => {
  const ada = await openInbox(snug, 'ada', { query: members })
  const bob = await openInbox(snug, 'bob', { query: withUser('ada') })
  await shows(bubbles(bob), ['hello from bob'])
  await rowOf(ada, /name of bob/).waitFor()
  await ada.getByRole('button', { name: 'Block: name of bob' }).click()
  const dialog = ada.getByRole('dialog', { name: 'Block name of bob?' })
  await dialog.getByText(/disappears for both of you/).waitFor()
  await dialog.getByRole('textbox', { name: /Reason/ }).fill('Too loud')
  await dialog.getByRole('button', { name: 'Block' }).click()
  await dialog.waitFor({ state: 'detached' })
  await rowOf(ada, /name of bob/).waitFor({ state: 'detached' })
  // It was all that bob had here.
  await bob.getByText('You are in no community with messages.').waitFor()
  assert.equal(await bubbles(bob).count(), 0)
  assert.equal(await composer(bob).count(), 0)
  await ada.getByRole('button', { name: 'Blocked' }).click()
  await ada.getByText('Blocked: Too loud').waitFor()
  await ada.getByRole('button', { name: 'Unblock: name of bob' }).click()
  await ada.getByRole('dialog').getByRole('button', { name: 'Unblock' }).click()
  await rowOf(ada, /name of bob/).waitFor()
  await shows(bubbles(bob), ['hello from bob'])
  assertQuiet(ada, bob)
})

test('a membership that ends leaves history, and a quiet notice where one wrote', async () => {
  const [ada, cyd] = await Promise.all([
    openInbox(snug, 'ada', { query: withUser('cyd') }),
    openInbox(snug, 'cyd', { query: withUser('ada') }),
  ])
  await composer(cyd).fill('I was about to say')
  await composer(ada).waitFor()
  await snug.member('club', 'cyd', 'canceled')
  for (const page of [ada, cyd]) {
    await page.getByText(/The membership has ended/).waitFor()
    assert.equal(await composer(page).count(), 0)
    await shows(bubbles(page), ['hello from cyd'])
  }
  await snug.member('club', 'cyd')
  await composer(cyd).waitFor()
  assert.equal(await composer(cyd).inputValue(), 'I was about to say')
})

test('only a creator is shown members and insights', async () => {
  const page = await openInbox(snug, 'bob', { query: members })
  await page.getByText('Choose a conversation').waitFor()
  assert.equal(await page.getByRole('link', { name: /Members|Insights/ }).count(), 0)
})

test('insights are pictures with labels, and tables', async () => {
  const page = await openInbox(snug, 'ada', { query: 'community=club' })
  await page.getByRole('link', { name: 'Insights' }).click()
  await page.getByRole('img', { name: /^Messages a day. Received: 2. Sent by you: 1/ }).waitFor()
  await page.getByRole('img', { name: /^Awaiting your reply, by age: under 1 hr 2/ }).waitFor()
  await page.getByText('As a table').first().click()
  await until(async () => assert.equal(await page.getByRole('row').count(), 91))
  assertQuiet(page)
})

test('settings are kept as soon as they are changed', async () => {
  const page = await openInbox(snug, 'bob', { query: 'community=club&view=settings' })
  const email = page.getByRole('switch', { name: /^Email/ })
  await email.uncheck()
  await page.getByText('Saved', { exact: true }).waitFor()
  await page.getByRole('combobox', { name: 'Email me' }).selectOption('daily')
  await page.getByRole('switch', { name: /Quiet hours/ }).check()
  await page.getByLabel('From').fill('23:15')
  const told = async () => {
    const { body } = await snug.call('GET', '/api/v2/users/bob/settings/notifications', { as: 'bob' })
    return Object.fromEntries(
      (body as { key: string; value: string }[]).map(({ key, value }) => [key, value]),
    )
  }
  await until(async () =>
    assert.deepEqual(await told(), {
      'messages.email': 'false',
      'messages.push': 'true',
      'messages.email_delay': 'daily',
      'messages.quiet_hours': '23:15-07:00',
    }),
  )
  await page.route('**/settings', (route) => route.fulfill({ status: 500, json: { message: 'no' } }))
  await page.reload()
  assert.equal(await email.isChecked(), false)
  assertQuiet(page)
})

test('several communities have a switcher with what is unread in each', async () => {
  await snug.community('other', 'cyd')
  await snug.member('other', 'bob')
  await snug.send('other', 'cyd', 'bob', 'over here')
  const page = await openInbox(snug, 'bob', { query: 'community=club' })
  const switcher = page.getByRole('combobox', { name: 'Community' })
  await until(async () => assert.match(await switcher.innerText(), /Community other \(1\)/))
  await snug.send('other', 'cyd', 'bob', 'and again')
  await until(async () => assert.match(await switcher.innerText(), /Community other \(2\)/))
  await switcher.selectOption('other')
  await rowOf(page, /and again/).click()
  await until(async () => assert.doesNotMatch(await switcher.innerText(), /\(/))
  await page.getByRole('heading', { name: /name of cyd/ }).waitFor()
})
