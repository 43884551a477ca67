import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { newSnug } from '../kit.ts'
import { assertAccessible, assertQuiet, bubbles, newPage, rowOf, shows, until, write } from './kit.ts'

// The inbox within a page of the host's, on another origin, and the ways to sign in.

const user = 'bob'
let tokens = 0
const host = createServer((request, response) => {
  if (request.url === '/token') {
    tokens++
    const { access_token } = snug.snug.sign(user, 3_600)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ access_token }))
  } else if (request.url === '/none') response.writeHead(401).end()
  else if (request.url?.startsWith('/login'))
    response.setHeader('content-type', 'text/html').end('<h1>Sign in</h1>')
  else
    response.setHeader('content-type', 'text/html').end(pageFor(request.url === '/out' ? '/none' : '/token'))
})
await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
after(() => {
  host.closeAllConnections()
  host.close()
})
const site = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
const snug = await newSnug(undefined, { SNUG_CORS_ORIGINS: site, SNUG_LOGIN_URL: `${site}/login?from=snug` })
await snug.users('ada', 'bob')
await snug.community('club', 'ada')
await snug.member('club', 'bob')
await snug.send('club', 'ada', 'bob', 'hello on your page')

const pageFor = (token: string) => `<!doctype html><html lang="en"><head><title>The club</title>
<style>p { font-size: 40px } button { display: none } snug-inbox { height: 500px; --snug-accent: rgb(1, 80, 60) }</style>
<script src="${snug.snug.url}/embed.js" defer></script></head>
<body><main><h1>The club</h1><snug-inbox community="club" token-url="${token}" theme="light"></snug-inbox></main></body></html>`

test('one script tag and an element: the inbox in a foreign page, with its own looks and the host’s colours', async () => {
  const page = await newPage({ viewport: { width: 900, height: 800 } })
  await page.goto(site)
  await rowOf(page, /hello on your page/).click()
  await shows(bubbles(page), ['hello on your page'])
  await write(page, 'written on your page')
  await page.getByText('Sent', { exact: true }).waitFor()
  const looks = await page.locator('.mine .bubble').evaluate((one) => {
    const { getComputedStyle } = globalThis as unknown as {
      getComputedStyle(of: unknown): Record<string, string>
    }
    const { backgroundColor, fontSize } = getComputedStyle(one)
    return { backgroundColor, fontSize }
  })
  // The page's own styles end at the element, but for what it sets for it.
  assert.deepEqual(looks, { backgroundColor: 'rgb(1, 80, 60)', fontSize: '16px' })
  assert.equal((await page.locator('snug-inbox').boundingBox())?.height, 500)
  assert.equal(page.url(), `${site}/`)
  await assertAccessible(page, 'embedded')
  const before = tokens
  await page.locator('snug-inbox').evaluate((one) => one.setAttribute('theme', 'dark'))
  await until(async () => assert.equal(await page.locator('.snug').getAttribute('data-theme'), 'dark'))
  assert.ok(tokens > before)
  // Gone from the page, gone altogether.
  await page.locator('snug-inbox').evaluate((one) => one.remove())
  await snug.send('club', 'ada', 'bob', 'to nobody there')
  assertQuiet(page)
})

test('whoever is not signed in there is told so', async () => {
  const page = await newPage()
  await page.goto(`${site}/out`)
  await page.getByText(/it knows who you are/).waitFor()
})

test('without a token the page sends people to the host, and they come back where they were', async () => {
  const page = await newPage()
  await page.goto(`${snug.snug.url}/?community=club&user=ada`)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  const url = new URL(page.url())
  assert.equal(url.searchParams.get('from'), 'snug')
  const back = url.searchParams.get('return_to')
  assert.equal(back, `${snug.snug.url}/?community=club&user=ada`)
  await page.goto(`${back}#token=${snug.token('bob')}`)
  await shows(bubbles(page), ['hello on your page', 'written on your page', 'to nobody there'])
  assertQuiet(page)
})

test('a token that does not hold is asked for once, and not round and round', async () => {
  const page = await newPage()
  await page.goto(`${snug.snug.url}/?community=club`)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.goto(`${snug.snug.url}/?community=club#token=${snug.snug.sign('bob', 1).access_token}x`)
  await page.getByText('Your sign-in has ended.').waitFor()
  const link = page.getByRole('link', { name: 'Sign in' })
  assert.match(String(await link.getAttribute('href')), /\/login\?from=snug&return_to=/)
})

test('a sign-in that ends while somebody writes loses nothing', async () => {
  const page = await newPage()
  await page.goto(`${snug.snug.url}/?community=club&user=ada#token=${snug.snug.sign('bob', 4).access_token}`)
  await page.getByRole('textbox', { name: 'Write a message' }).fill('half a thought')
  await page.getByText('Your sign-in has ended.').waitFor()
  assert.equal(await page.getByRole('textbox', { name: 'Write a message' }).inputValue(), 'half a thought')
  await page.goto(`${snug.snug.url}/?community=club&user=ada#token=${snug.token('bob')}`)
  await page.reload()
  await until(async () =>
    assert.equal(await page.getByRole('textbox', { name: 'Write a message' }).inputValue(), 'half a thought'),
  )
})
