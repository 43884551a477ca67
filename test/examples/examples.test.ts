import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { ConversationList } from '../../contract/messages.ts'
import { newSnug } from '../kit.ts'

// The examples as somebody has them who has copied them: outside of this project, with the package as it is published.

const snug = await newSnug()
const [key = ''] = snug.snug.secrets.serviceKeys
const env = { ...process.env, SNUG_URL: snug.snug.url, SNUG_SERVICE_KEY: key, PORT: '0' }
const folder = mkdtempSync(join(tmpdir(), 'snug-examples-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const installed = join(folder, 'node_modules/@snug/client')
mkdirSync(installed, { recursive: true })
cpSync('examples', folder, { recursive: true })
cpSync('client/package.json', join(installed, 'package.json'))
execFileSync(process.execPath, ['scripts/client-build.ts', join(installed, 'dist')])
symlinkSync(resolve('node_modules/express'), join(folder, 'node_modules/express'))

await snug.users('grace', 'tom')
await snug.community('bakers', 'grace')
await snug.member('bakers', 'tom')
const first = await snug.send('bakers', 'tom', 'grace', 'How long does the dough rest?')

/** Runs an example until the test has ended. @returns the process and its lines as they come */
function run(t: { after(done: () => unknown): void }, file: string, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [join(folder, file), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  /** Reads on until each has been said, in whatever order. @returns what was said last */
  const until = async (...fits: RegExp[]): Promise<string> => {
    const left = new Set(fits)
    const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
    for (;;) {
      const { value, done } = await lines.next()
      assert.ok(!done, `the example ended, or a minute went by, before it said ${[...left]}`)
      for (const one of left) if (one.test(value)) left.delete(one)
      if (left.size > 0) continue
      clearTimeout(late)
      return value
    }
  }
  return { child, until }
}

test('Express: the user is told of at sign-in, gets a token, and sees what is unread', async (t) => {
  const site = await run(t, 'express/server.mjs').until(/^http/)
  const ask = (path: string, method = 'GET') =>
    fetch(site + path, { method, headers: { 'x-user': 'grace' }, redirect: 'manual' })
  assert.equal((await ask('/sign-in', 'POST')).status, 302)
  assert.equal(await (await ask('/')).text(), 'Messages (1)')
  const { access_token } = (await (await ask('/snug/token')).json()) as { access_token: string }
  const headers = { authorization: `Bearer ${access_token}` }
  const list = await fetch(`${snug.snug.url}/api/v1/communities/bakers/messages/conversations`, { headers })
  const [conversation] = ((await list.json()) as ConversationList).data
  assert.equal(conversation?.latest_message.content, 'How long does the dough rest?')
  // What the sign-in has told: the name that the others see now.
  const tom = await snug.call('GET', '/api/v1/communities/bakers/messages/conversations', { as: 'tom' })
  assert.equal(tom.body.data[0].user.username, 'grace')
  assert.equal((await fetch(`${site}/snug/token`)).status, 401)
})

test('Next: the route handlers give a token and the unread number', async () => {
  Object.assign(process.env, { SNUG_URL: env.SNUG_URL, SNUG_SERVICE_KEY: key })
  const load = (file: string) => import(pathToFileURL(join(folder, 'next', file)).href)
  const { onSignIn } = await load('lib/snug.js')
  await onSignIn({ id: 'grace', name: 'grace', email: 'grace@example.com' })
  const request = new Request('http://localhost/', { headers: { 'x-user': 'grace' } })
  const token = await (await load('app/api/snug-token/route.js')).GET(request)
  assert.match((await token.json()).access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
  const unread = await (await load('app/api/unread/route.js')).GET(request)
  assert.deepEqual(await unread.json(), { unread: 1 })
  const nobody = await (await load('app/api/unread/route.js')).GET(new Request('http://localhost/'))
  assert.equal(nobody.status, 401)
})

test('watch: prints messages as they come, and what is unread', async (t) => {
  const { child, until } = run(t, 'watch/watch.mjs', 'grace', 'bakers')
  await until(/^unread: 1$/, /^stream: live$/)
  await snug.send('bakers', 'tom', 'grace', 'And how warm?')
  await until(/: And how warm\?$/, /^unread: 2$/)
  await snug.call('POST', '/api/v1/communities/bakers/messages/tom/read', {
    as: 'grace',
    body: { message_id: first.id },
  })
  await until(/^unread: 1$/)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})

test('what the README shows stands in an example', () => {
  const readme = readFileSync('README.md', 'utf8')
  const source = readFileSync('examples/express/server.mjs', 'utf8')
  const [, shown = ''] = /```js express\n([\s\S]*?)```/.exec(readme) ?? []
  assert.ok(shown.split('\n').length > 8)
  assert.equal(/\/\/ snug: begin\n([\s\S]*?)\/\/ snug: end/.exec(source)?.[1], shown)
})

test('embed: the page has the element and a policy, and answers with a token for whoever is signed in', async (t) => {
  const site = await run(t, 'embed/server.mjs').until(/^http/)
  const page = await fetch(site)
  const html = await page.text()
  assert.match(html, /<snug-inbox community="whisky-club" token-url="\/snug\/token"/)
  assert.ok(html.includes(`<script src="${snug.snug.url}/embed.js" defer>`))
  assert.ok(page.headers.get('content-security-policy')?.includes(`script-src ${snug.snug.url}`))
  assert.equal((await fetch(`${site}/snug/token`)).status, 401)
  const token = await fetch(`${site}/snug/token`, { headers: { cookie: 'theme=x; user=tom' } })
  assert.match(((await token.json()) as { access_token: string }).access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
  assert.equal((await fetch(`${snug.snug.url}/embed.js`)).status, 200)
})
