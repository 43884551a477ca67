import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newSnug } from './kit.ts'

// CONTRACT §8: a PostgreSQL, 15 or newer. The embedded one is 18; Debian's, where it is installed, is older. CI installs it.
const BIN = globSync('/usr/lib/postgresql/*/bin').sort()[0]
const root = process.getuid?.() === 0
const skip =
  BIN || process.env.CI
    ? false
    : 'no PostgreSQL of the system’s: install Debian’s package postgresql to run this'

/** Starts the system's PostgreSQL in a folder of its own, on a unix socket, as a user that may. */
async function startPostgres(bin: string): Promise<string> {
  const folder = mkdtempSync('/tmp/snug-external-')
  const as = root ? { uid: idOf('postgres', '-u'), gid: idOf('postgres', '-g') } : {}
  if (root) execFileSync('chown', ['postgres', folder])
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C' }
  execFileSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), '-A', 'trust', '-E', 'UTF8', '--locale=C'], {
    ...as,
    env,
    cwd: folder,
    stdio: 'ignore',
  })
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', join(folder, 'data'), '-k', folder, '-c', 'listen_addresses=', '-p', '5999'],
    { ...as, env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = once(server, 'exit')
  after(async () => {
    server.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  let log = ''
  await new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk) => {
      log += chunk
      if (log.includes('ready to accept connections')) resolve()
    })
    server.on('exit', () => reject(new Error(log)))
  })
  const user = root ? 'postgres' : userInfo().username
  return `postgres://${user}@localhost/postgres?host=${encodeURIComponent(folder)}&port=5999`
}

const idOf = (user: string, flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))

test('the whole way on the oldest PostgreSQL that there is: migrated, sent, read, deleted, blocked', {
  skip,
}, async () => {
  assert.ok(BIN, 'Debian’s package postgresql is needed')
  const snug = await newSnug(await startPostgres(BIN))
  const [{ version } = { version: 0 }] = await snug.db.query<{ version: number }>({
    name: 'test.version',
    text: "select current_setting('server_version_num')::integer as version",
  })
  assert.ok(version >= 150_000)
  await snug.users('ada', 'tom')
  await snug.community('c', 'ada')
  await snug.member('c', 'tom')
  const base = '/api/v1/communities/c/messages'
  const sends = Array.from({ length: 60 }, (_, i) =>
    snug.send('c', i % 2 ? 'ada' : 'tom', i % 2 ? 'tom' : 'ada', `message ${i}`),
  )
  await Promise.all(sends)
  const thread = await snug.call('GET', `${base}/tom?page=last&per_page=25`, { as: 'ada' })
  assert.deepEqual([thread.body.total, thread.body.data.length, thread.body.has_more], [60, 10, false])
  const last = thread.body.data.at(-1)
  assert.equal((await snug.call('DELETE', `${base}/${last.id}`, { as: last.sender.id })).status, 200)
  assert.equal((await snug.call('GET', `${base}/conversations`, { as: 'ada' })).body.total, 0)
  await snug.send('c', 'tom', 'ada', 'again')
  const list = await snug.call('GET', `${base}/conversations?filter=unread`, { as: 'ada' })
  assert.equal(list.body.data[0].latest_message.content, 'again')
  const read = await snug.call('POST', `${base}/tom/read`, {
    as: 'ada',
    body: { message_id: list.body.data[0].latest_message.id },
  })
  assert.deepEqual(read.body, { unread_count: 0 })
  assert.equal(
    (await snug.call('POST', '/api/v1/communities/c/members/tom/block', { as: 'ada' })).status,
    200,
  )
  assert.equal((await snug.call('GET', `${base}/ada`, { as: 'tom' })).status, 403)
  assert.equal((await snug.call('DELETE', '/service/v1/users/tom', { service: true })).status, 204)
})
