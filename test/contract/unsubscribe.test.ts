import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createLinks } from '../../src/notify/email/links.ts'
import { readInstallation } from '../../src/store/installation.ts'
import { runSql } from '../kit.ts'
import { newContract } from './client.ts'

// The link of an email that turns `messages.email` off without signing in (CONTRACT §5, RFC 8058).

// Without the jobs, which would take what these tests put into the queue.
const snug = await newContract(undefined, { SNUG_ROLE: 'serve' })
const { db } = snug.snug
const { app } = snug.snug.snug
const secret = (await readInstallation(db)).linkSecret
const links = createLinks({ publicUrl: 'https://snug.example', secret })
const pathFor = (userKey: number) => new URL(links.unsubscribe(userKey)).pathname

const run = <Row extends object>(text: string, values: readonly unknown[] = []) =>
  runSql<Row>(db, text, values)
const rowOf = async (id: string) =>
  (
    await run<{ key: number; settings: Record<string, unknown> }>(
      'select key, settings from users where id = $1',
      [id],
    )
  )[0]!
async function linkOf(id: string): Promise<string> {
  await snug.users(id)
  return pathFor((await rowOf(id)).key)
}
const settingsOf = async (id: string) => (await rowOf(id)).settings
type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'
const ask = (method: Method, url: string, payload?: string | Buffer, headers: Record<string, string> = {}) =>
  app.inject({ method, url, headers, ...(payload !== undefined && { payload }) })

const FORM = 'List-Unsubscribe=One-Click'
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

test('GET and HEAD change nothing: a page with one button that posts to the same address', async () => {
  const link = await linkOf('ada')
  for (const method of ['GET', 'HEAD', 'GET'] as const)
    assert.equal((await ask(method, link)).statusCode, 200)
  const { body, headers } = await ask('GET', link)
  assert.match(String(headers['content-type']), /^text\/html; charset=utf-8$/)
  assert.equal(body.match(/<button/g)?.length, 1)
  assert.match(body, /<form method="post"><button type="submit">[^<]+<\/button><\/form>/)
  assert.doesNotMatch(body, / action=|<input|<a /)
  assert.equal((await ask('HEAD', link)).body, '')
  assert.deepEqual(await settingsOf('ada'), {})
})

test('POST turns messages.email off, without a token of the user’s, and leaves the other settings alone', async () => {
  const link = await linkOf('bob')
  const setting = { key: 'messages.quiet_hours', value: '22:00-07:00' }
  await snug.ask('PATCH', '/api/v2/users/bob/settings', { as: 'bob', body: { setting } })
  for (let i = 0; i < 3; i++) {
    const { statusCode, body, headers } = await ask('POST', link, FORM, FORM_TYPE)
    assert.equal(statusCode, 200)
    assert.match(String(headers['content-type']), /^text\/html/)
    assert.match(body, /Emails are turned off/)
    assert.doesNotMatch(body, /<form|<button/)
    assert.deepEqual(await settingsOf('bob'), {
      'messages.email': false,
      'messages.quiet_hours': '22:00-07:00',
    })
  }
  const { body } = await snug.ask('GET', '/api/v2/users/bob/settings/notifications', { as: 'bob' })
  assert.deepEqual(
    body.slice(0, 2).map((one: { value: string }) => one.value),
    ['false', 'true'],
  )
  const on = { setting: { key: 'messages.email', value: true } }
  await snug.ask('PATCH', '/api/v2/users/bob/settings', { as: 'bob', body: on })
  assert.equal((await settingsOf('bob'))['messages.email'], true)
  await ask('POST', link)
  assert.equal((await settingsOf('bob'))['messages.email'], false, 'the same link works for good')
})

const MULTIPART =
  '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
const BODIES: Readonly<Record<string, readonly [string | Buffer | undefined, Record<string, string>]>> = {
  'a form': [FORM, FORM_TYPE],
  multipart: [MULTIPART, { 'content-type': 'multipart/form-data; boundary=b' }],
  'multipart that is broken': ['--nothing', { 'content-type': 'multipart/form-data' }],
  'no body': [undefined, {}],
  'an empty form': ['', FORM_TYPE],
  'no type': [FORM, {}],
  'a type that is none': [FORM, { 'content-type': ';;' }],
  JSON: ['{"a":1}', { 'content-type': 'application/json' }],
  'JSON that is none': ['{', { 'content-type': 'application/json' }],
  bytes: [Buffer.from([0xff, 0, 0xfe]), { 'content-type': 'application/octet-stream' }],
  'a full 64 KiB': ['x'.repeat(65_536), FORM_TYPE],
}
for (const [name, [payload, headers]] of Object.entries(BODIES)) {
  test(`whatever the body is: ${name}`, async () => {
    const id = `body-${Object.keys(BODIES).indexOf(name)}`
    const link = await linkOf(id)
    const answer = await ask('POST', link, payload, headers)
    assert.equal(answer.statusCode, 200, answer.body)
    assert.deepEqual(await settingsOf(id), { 'messages.email': false })
  })
}

test('bodies are JSON elsewhere as before', async () => {
  const headers = { ...FORM_TYPE, authorization: `Bearer ${snug.snug.token('ada')}` }
  const answer = await app.inject({
    method: 'PATCH',
    url: '/api/v2/users/ada/settings',
    headers,
    payload: FORM,
  })
  assert.deepEqual([answer.statusCode, answer.json()], [400, { message: 'Invalid JSON' }])
})

test('an invalid token: 404 and a page in words, and nothing is changed', async () => {
  const token = (await linkOf('cleo')).replace('/unsubscribe/', '')
  const another = createLinks({ publicUrl: 'https://snug.example', secret: `${secret}x` })
  const forged = new URL(another.unsubscribe((await rowOf('cleo')).key)).pathname.replace('/unsubscribe/', '')
  const cut = [token.slice(0, -1), `${token}A`, token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))]
  const others = ['unreadable', '%00', 'a%20b', '..%2Fhealthz', 'k'.repeat(2_000)]
  for (const wrong of [forged, ...cut, ...others])
    for (const method of ['GET', 'POST'] as const) {
      const { statusCode, body, headers } = await ask(
        method,
        `/unsubscribe/${wrong}`,
        method === 'POST' ? FORM : undefined,
        FORM_TYPE,
      )
      assert.equal(statusCode, 404, wrong)
      assert.match(String(headers['content-type']), /^text\/html/)
      assert.match(body, /This link does not work/)
      assert.ok(!body.includes(wrong), 'what was asked for is not repeated')
      assert.doesNotMatch(body, /<form/)
    }
  assert.deepEqual(await settingsOf('cleo'), {})
  for (const method of ['PUT', 'DELETE'] as const)
    assert.equal((await ask(method, `/unsubscribe/${token}`)).statusCode, 404)
})

test('an erased user, or one that is not there: the same page, and nothing is stored', async () => {
  const link = await linkOf('dora')
  const expected = await ask('POST', await linkOf('eve'), FORM, FORM_TYPE)
  await snug.erase('dora')
  for (const path of [link, pathFor(999_999_999)]) {
    const { statusCode, body } = await ask('POST', path, FORM, FORM_TYPE)
    assert.deepEqual([statusCode, body], [200, expected.body])
  }
  assert.deepEqual(await settingsOf('dora'), {})
})

test('what waits is left alone: the setting is looked at when its time has come', async () => {
  const link = await linkOf('fay')
  await run(
    `insert into notifications (message_id, channel, community_key, low_key, high_key, recipient_key, position, state, due_at)
     select gen_random_uuid(), 'email', 1, 1, 2, key, 1, 'waiting', now() + '1 day' from users where id = 'fay'`,
  )
  const due = async () =>
    (
      await run<{ due: boolean }>(
        `select due_at <= now() as due from notifications where recipient_key = (select key from users where id = 'fay')`,
      )
    )[0]
  await ask('POST', link, FORM, FORM_TYPE)
  assert.deepEqual(await settingsOf('fay'), { 'messages.email': false })
  assert.deepEqual(await due(), { due: false })
})

test('the pages load and run nothing, are framed by nobody, and tell nobody their address', async () => {
  const link = await linkOf('gil')
  for (const [method, path] of [
    ['GET', link],
    ['POST', link],
    ['GET', '/unsubscribe/x'],
    ['POST', '/unsubscribe/x'],
  ] as const) {
    const { headers, body } = await ask(method, path)
    const style = /<style>([\s\S]*)<\/style>/.exec(body)?.[1] as string
    const hash = createHash('sha256').update(style).digest('base64')
    assert.deepEqual(String(headers['content-security-policy']).split('; '), [
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['x-request-id']), /^[\w-]{8,}$/)
    assert.doesNotMatch(body, /https?:|\/\/|src=|href=|url\(|@import|<script|style="/)
    assert.match(body, /^<!doctype html>\n<html lang="en">/)
    assert.match(body, /<meta name="viewport" content="width=device-width, initial-scale=1">/)
    assert.match(style, /color-scheme:light dark/)
    assert.match(style, /prefers-color-scheme:dark/)
  }
})

test('on a real connection as mail services do it, which can go on afterwards', async () => {
  const link = await linkOf('hal')
  const socket = connect(Number(new URL(snug.snug.snug.url).port), '127.0.0.1')
  const head = `POST ${link} HTTP/1.1\r\nHost: snug\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${FORM.length}\r\n\r\n${FORM}`
  socket.write(head)
  socket.write('GET /healthz HTTP/1.1\r\nHost: snug\r\nConnection: close\r\n\r\n')
  let answers = ''
  for await (const data of socket) answers += data
  assert.match(answers, /^HTTP\/1\.1 200 OK[\s\S]*Emails are turned off[\s\S]*HTTP\/1\.1 200 OK[\s\S]*"ok"/)
  assert.deepEqual(await settingsOf('hal'), { 'messages.email': false })
})

test('the token is in no metric', async () => {
  await ask('GET', '/unsubscribe/secret-of-somebody')
  const { body } = await ask('GET', '/metrics')
  assert.match(body, /\/unsubscribe\/:token/)
  assert.doesNotMatch(body, /secret-of-somebody/)
})
