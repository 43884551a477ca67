import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { startEmbedded } from '../../src/embedded/index.ts'
import { isAlive } from '../../src/embedded/process.ts'
import { dataFolder, postmasterPid, query } from './snug.ts'

const log = () => {}

test('a new data folder, then the same again: the data is there, and stopping leaves nothing', async (t) => {
  const dataDir = dataFolder(t, 'not', 'there yet')
  const first = await startEmbedded({ dataDir, log })
  t.after(() => first.stop())
  assert.deepEqual([first.fresh, first.adopted], [true, false])
  await query(first.connection, 'create table kept (text text)')
  await query(first.connection, `insert into kept values ('über 🐘')`)

  await t.test('durable, private, and the same on every machine', async () => {
    const shown = await query(
      first.connection,
      `select name || '=' || setting from pg_settings where name in ('fsync', 'synchronous_commit',
        'full_page_writes', 'data_checksums', 'listen_addresses', 'TimeZone', 'server_encoding') order by name`,
    )
    assert.deepEqual(shown, [
      ...['TimeZone=UTC', 'data_checksums=on', 'fsync=on', 'full_page_writes=on', 'listen_addresses='],
      ...['server_encoding=UTF8', 'synchronous_commit=on'],
    ])
    const sorted = await query(
      first.connection,
      `select x from unnest(array['a', 'B', 'é', 'z']) x order by x`,
    )
    assert.deepEqual(sorted, ['B', 'a', 'z', 'é'])
    assert.deepEqual(await query(first.connection, `select upper('é')`), ['É'])
    assert.equal(statSync(join(dataDir, 'postgres')).mode & 0o777, 0o700)
    assert.equal(statSync(join(dataDir, 'postgres', '.s.PGSQL.5432')).mode & 0o777, 0o700)
    assert.equal(statSync(join(dataDir, 'postgres.log')).mode & 0o777, 0o600)
  })

  const pid = postmasterPid(dataDir)
  assert(pid !== null && isAlive(pid))
  await Promise.all([first.stop(), first.stop()])
  assert(!isAlive(pid))
  assert.equal(postmasterPid(dataDir), null)
  assert(!existsSync(join(dataDir, 'snug.pid')))

  const again = await startEmbedded({ dataDir, log })
  t.after(() => again.stop())
  assert.deepEqual([again.fresh, again.adopted], [false, false])
  assert.deepEqual(await query(again.connection, 'select text from kept'), ['über 🐘'])
  await again.stop()

  await t.test('moved too deep for a socket, it is reached by a short link, which goes again', async () => {
    const deep = join(dirname(dataDir), ...Array(12).fill('a folder name'))
    mkdirSync(dirname(deep), { recursive: true })
    renameSync(dataDir, deep)
    const embedded = await startEmbedded({ dataDir: deep, log })
    t.after(() => embedded.stop())
    const { host } = embedded.connection
    assert(Buffer.byteLength(deep) > 108 && Buffer.byteLength(host) < 90)
    assert.deepEqual(await query(embedded.connection, 'select text from kept'), ['über 🐘'])
    assert.equal(lstatSync(dirname(host)).mode & 0o777, 0o700)
    await embedded.stop()
    assert.equal(lstatSync(dirname(host), { throwIfNoEntry: false }), undefined)
  })
})
