import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { simpleParser } from 'mailparser'
import { newDatabase, newSnug } from '../kit.ts'
import { snug as command, newFolder, type Served, serve } from '../serve/kit.ts'
import { until, untilTold } from './world.ts'

// The trial's emails: files in the data folder, listed at GET /mail and read at GET /mail/<file>. Nowhere else, and nothing but them.

interface Trial {
  readonly served: Served
  readonly folder: string
  service(path: string, body: object): Promise<void>
  send(from: string, to: string, content: string): Promise<void>
  page(path: string): Promise<{ status: number; type: string; text: string }>
}

async function startTrial(): Promise<Trial> {
  const folder = newFolder()
  const served = await serve({ SNUG_DATA_DIR: folder })
  const key = readFileSync(join(folder, 'service-key'), 'utf8').trim()
  const must = async (method: string, path: string, token: string, body: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${served.url}${path}`, { method, headers, body: JSON.stringify(body) })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`)
  }
  return {
    served,
    folder,
    service: (path, body) => must('PUT', `/service/v1/${path}`, key, body),
    async send(from, to, content) {
      const { out } = await command(['token', from], { SNUG_DATA_DIR: folder })
      const path = '/api/v1/communities/whisky-club/messages'
      await must('POST', path, out.trim(), { recipient_id: to, content })
    },
    async page(path) {
      const answer = await fetch(`${served.url}${path}`)
      const type = String(answer.headers.get('content-type'))
      return { status: answer.status, type, text: await answer.text() }
    },
  }
}

/** As it is written, with nothing resolved or escaped on the way. */
function rawGet(url: string, path: string): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const asked = request({ host: hostname, port, path }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    asked.on('error', reject).end()
  })
}

const linksOf = (html: string) => [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href as string)

test('the trial: emails are files that the page lists, the newest first, and nothing else can be read there', async () => {
  const trial = await startTrial()
  const empty = await trial.page('/mail')
  assert.equal(empty.status, 200)
  assert.match(empty.type, /^text\/html/)
  assert.deepEqual(linksOf(empty.text), [])
  assert.match(empty.text, /There are none yet/)

  await trial.service('users/robin', { username: 'robin', email: 'robin@example.com' })
  await trial.service('users/ada', { username: '<i>ada</i> & "co"' })
  const listed = async () => linksOf((await trial.page('/mail')).text)
  await trial.send('ada', 'robin', 'The first dram')
  await until(async () => (await listed()).length === 1)
  await trial.send('ada', 'robin', 'The second dram')
  await until(async () => (await listed()).length === 2)
  const { text } = await trial.page('/mail')
  assert.ok(text.includes('robin@example.com'))
  assert.ok(!text.includes('<i>') && text.includes('&#60;i&#62;ada'), text)
  const mails = await listed()
  assert.ok(mails.every((href) => href.startsWith('mail/')))
  assert.deepEqual(mails, mails.toSorted().reverse(), 'the newest first')
  for (const [i, words] of ['The second dram', 'The first dram'].entries()) {
    const mail = await trial.page(`/${mails[i]}`)
    assert.equal(mail.status, 200)
    assert.match(mail.type, /^text\/plain; charset=utf-8/)
    const { text: content, to } = await simpleParser(mail.text)
    assert.ok(content?.includes(words))
    assert.match([to].flat()[0]?.text ?? '', /robin@example\.com/)
  }

  // Other files: beside them, above them, and under a name that begins like theirs.
  const file = (mails[0] as string).slice('mail/'.length)
  writeFileSync(join(trial.folder, 'mail', 'notes.txt'), 'not for you')
  mkdirSync(join(trial.folder, 'mail', '20240101T000000000Z-x'))
  const key = readFileSync(join(trial.folder, 'service-key'), 'utf8').trim()
  const paths = [
    ...[
      'notes.txt',
      'service-key',
      '',
      '.',
      '..',
      'x.eml',
      '20240101T000000000Z-x',
      `${file}.x`,
      `${file}%00`,
    ],
    ...['../service-key', '..%2fservice-key', '..%2Fservice-key', '%2e%2e%2fservice-key', '..%5cservice-key'],
    ...['..%252fservice-key', `${file}/../../service-key`, `${file}%2f..%2f..%2fservice-key`],
    ...['20240101T000000000Z-x%2f..%2f..%2fservice-key', '20240101T000000000Z-..%2f..%2fservice-key.eml'],
    ...[
      '..%2fmail%2fnotes.txt',
      '%2fetc%2fpasswd',
      '..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
      `..%2fmail%2f${file}`,
    ],
    ...[`.%2f${file}`, '20240101T000000000Z-gone.eml'],
  ]
  for (const path of paths) {
    const answer = await rawGet(trial.served.url, `/mail/${path}`)
    assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status}`)
    assert.ok(!/not for you|root:|dram/.test(answer.text) && !answer.text.includes(key), path)
  }
  assert.deepEqual(await listed(), mails, 'nor is any of it listed')
  assert.equal(await trial.served.stop(), 0)
})

test('outside of the trial the page lists nothing, and no file can be read', async () => {
  const folder = newFolder()
  const snug = await newSnug(await newDatabase(), { SNUG_DATA_DIR: folder })
  await snug.users('creator', 'm')
  await snug.community('c', 'creator')
  await snug.member('c', 'm')
  const body = { username: 'm', email: 'm@example.com' }
  await snug.call('PUT', '/service/v1/users/m', { service: true, body })
  await snug.send('c', 'creator', 'm', 'A private word')
  await untilTold(snug)
  const [file] = readdirSync(join(folder, 'mail'))
  assert.ok(file?.endsWith('.eml') && existsSync(join(folder, 'mail', file)))
  assert.equal((await snug.call('GET', '/mail')).status, 404)
  for (const as of [{}, { as: 'm' }, { service: true }]) {
    const { status, body } = await snug.call('GET', `/mail/${file}`, as)
    assert.deepEqual([status, body], [404, { message: 'Not Found' }])
  }
})
