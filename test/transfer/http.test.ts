import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { fastify } from 'fastify'
import { answerError } from '../../src/http/errors.ts'
import { transferRoutes } from '../../src/http/routes/transfer.ts'
import { AJV_OPTIONS } from '../../src/validation/ajv.ts'
import { newSnug } from '../kit.ts'
import { brokenTables, exportAll, importAll, message, ndjson, people } from './kit.ts'

const snug = await newSnug()
const { db } = snug
const key = snug.snug.secrets.serviceKeys[0] as string
const IMPORT = '/service/v1/import'
const EXPORT = '/service/v1/export'

function open(base: string, method: string, path: string): ClientRequest {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' }
  return request(new URL(path, base), { method, headers, agent: false })
}

async function answerTo(
  sent: ClientRequest,
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  return { status: answer.statusCode as number, headers: answer.headers, text }
}

/** Waits until no connection of the kind is open. */
async function goneFromDatabase(name: string): Promise<void> {
  const statement = {
    name: 'test.connections',
    text: 'select pid from pg_stat_activity where datname = current_database() and application_name = $1',
  }
  const deadline = Date.now() + 20_000
  while ((await db.query(statement, [name])).length > 0) {
    assert.ok(Date.now() < deadline, `${name} is still connected`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const history = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) =>
    message('ada', 'm1', `${from + i} ${'x'.repeat(200)}`, {
      created_at: new Date(1_700_000_000_000 + (from + i) * 1_000).toISOString(),
    }),
  )

test('an import streams past the limit of other bodies, in any content type, and is answered in JSON', async () => {
  const sent = open(snug.snug.url, 'POST', IMPORT)
  sent.write(ndjson(...people(2)))
  sent.write(ndjson('nonsense', ...history(0, 1_000)))
  sent.end(ndjson(...history(1_000, 500)).trimEnd())
  const { status, headers, text } = await answerTo(sent)
  assert.equal(status, 200)
  assert.match(headers['content-type'] as string, /^application\/json/)
  assert.deepEqual(JSON.parse(text), {
    imported: {
      users: 3,
      communities: 1,
      members: 2,
      conversations: 1,
      messages: 1_500,
      idempotency_keys: 0,
    },
    refused: 1,
    errors: [{ line: 7, message: 'Invalid JSON' }],
  })
  const form = await snug.call('POST', IMPORT, {
    service: true,
    body: ndjson(...history(0, 10)),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  assert.deepEqual([form.status, form.body.imported.messages, form.body.refused], [200, 0, 0])
  const empty = await snug.call('POST', IMPORT, { service: true })
  assert.deepEqual([empty.status, empty.body.refused], [200, 0])
})

test('an export streams what the import takes', async () => {
  const { status, headers, text } = await answerTo(open(snug.snug.url, 'GET', EXPORT).end())
  assert.equal(status, 200)
  assert.match(headers['content-type'] as string, /^application\/x-ndjson/)
  assert.equal(headers['transfer-encoding'], 'chunked')
  assert.ok(headers['x-request-id'])
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(text, await exportAll(db))
  const one = await snug.call('GET', `${EXPORT}?community_id=c`, { service: true })
  assert.equal(one.body, await exportAll(db, 'c'))
  for (const id of ['nowhere', 'no where', '%00']) {
    const { status, body } = await snug.call('GET', `${EXPORT}?community_id=${encodeURIComponent(id)}`, {
      service: true,
    })
    assert.deepEqual([status, body], [404, { message: 'Not Found' }])
  }
})

test('both are for the host alone', async () => {
  for (const [method, path] of [
    ['POST', IMPORT],
    ['GET', EXPORT],
  ] as const) {
    assert.equal((await snug.call(method, path, {})).status, 401)
    assert.equal((await snug.call(method, path, { as: 'ada' })).status, 401)
  }
})

test('a client that goes away in the middle of an import: whole lines stay, the cut one does not, all is let go of', async () => {
  const sent = open(snug.snug.url, 'POST', IMPORT)
  sent.on('error', () => {})
  sent.write(ndjson(...history(10_000, 3_000)))
  const cut = JSON.stringify(message('ada', 'm1', 'cut off', { created_at: '2025-01-01T00:00:00Z' }))
  sent.write(cut)
  const counted = { name: 'test.count', text: 'select count(*) as n from messages' }
  const count = async () => ((await db.query<{ n: number }>(counted))[0] as { n: number }).n
  const before = 1_500
  const deadline = Date.now() + 20_000
  while ((await count()) < before + 1_000) assert.ok(Date.now() < deadline)
  sent.destroy()
  await goneFromDatabase('snug import')
  const stored = (await count()) - before
  assert.ok(stored % 1_000 === 0 && stored <= 3_000, `${stored} of whole batches`)
  assert.ok(!(await exportAll(db)).includes('cut off'))
  assert.deepEqual(await brokenTables(db), [])
})

test('an import whose database goes away is answered 503 while the client still sends, and goes on when it is run again', async () => {
  const lines = ndjson(...history(40_000, 3_000))
  const sent = open(snug.snug.url, 'POST', IMPORT)
  const told = answerTo(sent)
  sent.write(lines)
  const kill = {
    name: 'test.kill_import',
    text: "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'snug import'",
  }
  const deadline = Date.now() + 20_000
  while ((await db.query(kill)).length === 0) assert.ok(Date.now() < deadline)
  sent.write(lines)
  const { status, headers } = await told
  assert.deepEqual([status, headers['retry-after']], [503, '1'])
  sent.destroy()
  const again = await snug.call('POST', IMPORT, { service: true, body: lines + lines })
  assert.deepEqual([again.status, again.body.errors], [200, []])
  const text = await exportAll(db)
  assert.equal(text.split('\n').filter((line) => /"4[0-2]\d\d\d xx/.test(line)).length, 3_000)
  assert.deepEqual(await brokenTables(db), [])
})

test('a client that goes away in the middle of an export ends the query and its connection', async () => {
  // More than the sockets between could hold, so that it cannot have ended by itself.
  const long = history(20_000, 3_000).map((line) => ({ ...line, content: 'x'.repeat(5_000) }))
  await importAll(db, ...long)
  const sent = open(snug.snug.url, 'GET', EXPORT).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  await once(answer, 'readable')
  sent.destroy()
  answer.on('error', () => {})
  await goneFromDatabase('snug export')
})

test('an export that the database breaks off does not look complete', async () => {
  const sent = open(snug.snug.url, 'GET', EXPORT).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const kill = {
    name: 'test.kill',
    text: "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'snug export'",
  }
  assert.equal((await db.query(kill)).length, 1)
  await assert.rejects(async () => {
    for await (const _ of answer);
  }, /aborted/)
})

test('a server that stops lets go of an import whose client is silent, and of an export that nobody reads', {
  timeout: 60_000,
}, async () => {
  const app = fastify({ forceCloseConnections: 'idle', ajv: { customOptions: AJV_OPTIONS } })
  app.setErrorHandler(answerError)
  await transferRoutes(app, { db, graceMs: 50 })
  after(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const unread = open(base, 'GET', EXPORT).end()
  const [answer] = (await once(unread, 'response')) as [IncomingMessage]
  const cut = once(answer, 'error')
  const silent = open(base, 'POST', IMPORT)
  silent.write(ndjson({ type: 'user', id: 'silent', username: 'S' }))
  const told = answerTo(silent)
  const connected = {
    name: 'test.importing',
    text: "select pid from pg_stat_activity where datname = current_database() and application_name = 'snug import'",
  }
  const deadline = Date.now() + 20_000
  while ((await db.query(connected)).length === 0) assert.ok(Date.now() < deadline)
  await app.close()
  const { status, headers } = await told
  assert.deepEqual([status, headers['retry-after'], headers.connection], [503, '1', 'close'])
  answer.resume()
  await cut
  await goneFromDatabase('snug import')
  await goneFromDatabase('snug export')
})
