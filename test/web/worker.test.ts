import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import { newSnug } from '../kit.ts'
import { assertQuiet, bubbles, composer, openInbox, rowOf, shows, until, write } from './kit.ts'

// The service worker: the inbox without a line, what is sent when it is back, and what is pushed. A real push service cannot be reached
// from a test: Chromium takes what is pushed from the debugger, as its own client of the service would hand it over.

const snug = await newSnug()
await snug.users('ada', 'bob')
await snug.community('club', 'ada')
await snug.member('club', 'bob')
await snug.send('club', 'ada', 'bob', 'before the line went')

const open = async () => {
  const page = await openInbox(snug, 'bob', {
    query: 'community=club&user=ada',
    permissions: ['notifications'],
  })
  await shows(bubbles(page), [...said])
  await page.evaluate<unknown>('navigator.serviceWorker.ready')
  return page
}
const said = ['before the line went']

test('without a line it opens on the last state, says so, and sends what was written when it is back', async () => {
  const page = await open()
  await page.reload()
  await shows(bubbles(page), said)
  await page.context().setOffline(true)
  await page.getByText('You are offline.').waitFor()
  await write(page, 'written offline')
  await page.getByText('Waiting for the connection…').waitFor()
  await page.reload()
  await page.getByText('You are offline.').waitFor()
  await rowOf(page, /before the line went/).waitFor()
  await shows(bubbles(page), ['before the line went', 'written offline'])
  await page.context().setOffline(false)
  await page.getByText('You are offline.').waitFor({ state: 'detached' })
  await until(async () => {
    const { body } = await snug.call('GET', '/api/v1/communities/club/messages/bob', { as: 'ada' })
    assert.deepEqual(
      (body as { data: { content: string }[] }).data.map(({ content }) => content),
      ['before the line went', 'written offline'],
    )
  })
  said.push('written offline')
  await page.getByText('Sent', { exact: true }).waitFor()
  assert.equal(await page.evaluate('localStorage.getItem("snug.unsent.bob")'), null)
  assertQuiet(page)
})

test('a server that is away is waited for: what was written goes when it answers', async () => {
  const page = await open()
  await page.route('**/messages', (route) => route.abort())
  await write(page, 'nobody answers')
  await page.getByText(/Sending…|Not sent/).waitFor()
  await page.unroute('**/messages')
  await page.getByText('Sent', { exact: true }).waitFor()
  said.push('nobody answers')
  await shows(bubbles(page), said)
})

/** Hands over what a push service would. */
async function pushed(page: Page, cdp: CDPSession, note: object): Promise<void> {
  const registration = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [first] = registrations
      if (first) resolve(first.registrationId)
    })
  })
  await cdp.send('ServiceWorker.enable')
  const [registrationId, origin] = [await registration, new URL(page.url()).origin]
  await cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data: JSON.stringify(note) })
}

const notifications = (page: Page) =>
  page.evaluate<{ title: string; body: string }[]>(
    `navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) => all.map(({ title, body }) => ({ title, body })))`,
  )

test('what is pushed is shown, and goes when the conversation is read elsewhere', async () => {
  const page = await open()
  const { id } = await snug.send('club', 'ada', 'bob', 'look here')
  said.push('look here')
  await shows(bubbles(page), said)
  await page.goto(`${snug.snug.url}/?community=club&view=settings`)
  const sent = await snug.send('club', 'ada', 'bob', 'and here')
  said.push('and here')
  const { body } = await snug.call('GET', '/api/v1/communities/club/messages/conversations', { as: 'bob' })
  const conversation = (body as { data: { id: string }[] }).data[0]?.id
  const cdp = await page.context().newCDPSession(page)
  await pushed(page, cdp, {
    ...{ title: 'name of ada', body: 'and here', badge: 1, thread: 'club-ada' },
    data: { community_id: 'club', conversation_id: conversation, message_id: id, sender_id: 'ada' },
  })
  await until(async () =>
    assert.deepEqual(await notifications(page), [{ title: 'name of ada', body: 'and here' }]),
  )
  await snug.call('POST', '/api/v1/communities/club/messages/ada/read', {
    as: 'bob',
    body: { message_id: sent.id },
  })
  await until(async () => assert.deepEqual(await notifications(page), []))
  assertQuiet(page)
})

test('a click on a notification opens its thread, in the tab that is there', async () => {
  const page = await openInbox(snug, 'bob', {
    query: 'community=club&view=settings',
    permissions: ['notifications'],
  })
  await page.evaluate<unknown>('navigator.serviceWorker.ready')
  const [worker] = page.context().serviceWorkers()
  assert.ok(worker)
  // As the browser would: the event, with a notification that was shown.
  await worker.evaluate(`(async () => {
    await self.registration.showNotification('name of ada', { data: { community_id: 'club', sender_id: 'ada' } })
    const [notification] = await self.registration.getNotifications()
    self.dispatchEvent(new NotificationEvent('notificationclick', { notification }))
  })()`)
  await composer(page).waitFor()
  await shows(bubbles(page), said)
  assert.equal(new URL(page.url()).searchParams.get('user'), 'ada')
})

/** In place of the browser's own subscribing, which asks Google: what it would answer, with keys that are keys. */
const SUBSCRIBES = `
  const made = (async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
    const encoded = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=/g, '')
    const keys = { p256dh: encoded(await crypto.subtle.exportKey('raw', pair.publicKey)), auth: encoded(crypto.getRandomValues(new Uint8Array(16))) }
    return { toJSON: () => ({ endpoint: 'https://push.example.com/of-bob', keys }), unsubscribe: async () => { current = null } }
  })()
  let current = null
  PushManager.prototype.getSubscription = async () => current
  PushManager.prototype.subscribe = async (options) => {
    globalThis.subscribedWith = options
    return (current = await made)
  }`

test('notifications are enabled on this device, and disabled again', async () => {
  const page = await open()
  await page.addInitScript(SUBSCRIBES)
  await page.goto(`${snug.snug.url}/?community=club&view=settings`)
  const devices = async () => {
    const { body } = await snug.call('GET', '/api/v1/devices', { as: 'bob' })
    return (body as { data: { platform: string }[] }).data.map(({ platform }) => platform)
  }
  await page.getByRole('button', { name: 'Enable on this device' }).click()
  await page.getByText('Notifications are on for this device.').waitFor()
  assert.deepEqual(await devices(), ['web'])
  const { body } = await snug.call('GET', '/api/v1/push/public_key', { as: 'bob' })
  assert.deepEqual(await page.evaluate('globalThis.subscribedWith'), {
    userVisibleOnly: true,
    applicationServerKey: (body as { public_key: string }).public_key,
  })
  await page.getByRole('button', { name: 'Disable on this device' }).click()
  await page.getByRole('button', { name: 'Enable on this device' }).waitFor()
  assert.deepEqual(await devices(), [])
  assertQuiet(page)
})

test('it can be installed', async () => {
  const page = await open()
  const manifest = await (await fetch(new URL('app.webmanifest', snug.snug.url))).json()
  for (const icon of (manifest as { icons: { src: string }[] }).icons)
    assert.equal((await fetch(new URL(icon.src, snug.snug.url))).status, 200)
  const cdp = await page.context().newCDPSession(page)
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors')
  // A browser of tests is in incognito, which is no place to install anything.
  assert.deepEqual(
    installabilityErrors.map(({ errorId }) => errorId).filter((one) => one !== 'in-incognito'),
    [],
  )
})

test('signing out forgets everything that was kept', async () => {
  const page = await open()
  await composer(page).fill('a draft')
  await page.goto(`${snug.snug.url}/?community=club&view=settings`)
  await page.getByRole('button', { name: 'Sign out on this device' }).click()
  await page.getByText(/it knows who you are/).waitFor()
  assert.deepEqual(await page.evaluate('Object.keys(localStorage).concat(Object.keys(sessionStorage))'), [])
  assert.deepEqual(
    await page.evaluate('caches.keys().then((all) => all.filter((one) => one !== "snug-shell"))'),
    [],
  )
})
