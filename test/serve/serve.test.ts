import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { newFolder, type Served, serve, snug } from './kit.ts'

const run = promisify(execFile)

/** The curl commands of the banner, run by a shell as they stand. */
async function bannerCurls(served: Served): Promise<{ total: number; data: { user: { id: string } }[] }[]> {
  const commands = served.out().match(/^ {2}curl .*$/gm) ?? []
  const answers = []
  for (const command of commands)
    answers.push(JSON.parse((await run('sh', ['-c', `${command.trim()} -fsS`])).stdout))
  return answers
}

test('the trial: one command serves, its banner works, and starting again finds everything as it was', async () => {
  const SNUG_DATA_DIR = newFolder()
  const first = await serve({ SNUG_DATA_DIR })
  const [creator, member] = await bannerCurls(first)
  assert.equal(creator?.total, 3)
  assert.equal(member?.total, 1)
  assert.equal(member?.data[0]?.user.id, 'ada')
  assert.ok(first.out().split('\n').length <= 24, 'within a screenful')
  assert.match(first.out(), /API reference +http:\S+\/docs/)
  assert.ok(first.out().includes(SNUG_DATA_DIR), 'where the data is')
  for (const name of ['service-key', 'jwt-secret']) {
    const path = join(SNUG_DATA_DIR, name)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok(first.out().includes(path), 'where the secret is kept')
  }
  assert.equal((await fetch(`${first.url}/readyz`)).status, 200)
  assert.equal(await first.stop(), 0)

  const second = await serve({ SNUG_DATA_DIR })
  assert.deepEqual(await bannerCurls(second), [creator, member])
  const refused = await snug(['serve'], { SNUG_DATA_DIR })
  assert.equal(refused.code, 1)
  assert.match(refused.err, /^snug: Another Snug .*\n$/m)
  const migrated = await snug(['migrate'], { SNUG_DATA_DIR })
  assert.equal(migrated.code, 0)
  assert.match(migrated.out, /^Nothing to do: .*beside the Snug that serves\n$/)
  assert.equal(await second.stop('SIGINT'), 0)
})

test('SIGTERM: a request that has begun is answered, then the process ends with 0 and its database with it', async () => {
  const SNUG_DATA_DIR = newFolder()
  const served = await serve({ SNUG_DATA_DIR })
  const token = (await snug(['token', 'ada'], { SNUG_DATA_DIR })).out.trim()
  const { hostname, port } = new URL(served.url)
  const socket = connect({ host: hostname, port: Number(port) })
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk
  })
  const body = JSON.stringify({ recipient_id: 'robin', content: 'the last one' })
  const path = '/api/v1/communities/whisky-club/messages'
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: snug',
    `authorization: Bearer ${token}`,
    `content-length: ${body.length}`,
    'expect: 100-continue',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  // The server has begun with the request when it asks for the body.
  await until(() => answer.includes('100 Continue'))
  const ended = served.stop()
  await until(
    async () =>
      !(await fetch(`${served.url}/healthz`).then(
        () => true,
        () => false,
      )),
  )
  socket.write(body)
  assert.equal(await ended, 0)
  assert.match(answer, /HTTP\/1\.1 201 Created[\s\S]*the last one/)
  assert.ok(
    !existsSync(join(SNUG_DATA_DIR, 'postgres', 'postmaster.pid')),
    'PostgreSQL has been stopped cleanly',
  )
})

test('a bad value ends it with one line and exit code 2; a port that is taken with one line as well', async () => {
  const bad = await snug(['serve'], { SNUG_JWT_SECRET: 'short' })
  assert.equal(bad.code, 2)
  assert.match(bad.err, /^snug: SNUG_JWT_SECRET must be 32 bytes or more[^\n]*\n$/)
  const SNUG_DATA_DIR = newFolder()
  const served = await serve({ SNUG_DATA_DIR })
  const taken = await snug(['serve'], { SNUG_DATA_DIR: newFolder(), PORT: new URL(served.url).port })
  assert.equal(taken.code, 1)
  assert.match(taken.err, /^snug: .*EADDRINUSE.*set PORT to another one\n$/m)
  await served.stop()
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
