import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { EmbeddedError, startEmbedded } from '../../src/embedded/index.ts'
import { dataFolder, query, runSnug } from './snug.ts'

const log = () => {}

test('of two Snugs that start at once on a new folder one runs and one is refused, naming the other', async (t) => {
  const dataDir = dataFolder(t)
  const two = [runSnug(t, dataDir), runSnug(t, dataDir)]
  const results = await Promise.allSettled(two.map((snug) => snug.started))
  const winner = two[results.findIndex((one) => one.status === 'fulfilled')]!
  const refusals = results.filter((one) => one.status === 'rejected')
  assert.equal(refusals.length, 1)
  assert.match(String(refusals[0]?.reason.message), /^Another Snug( \(pid \d+\))? is running on/)

  await assert.rejects(runSnug(t, dataDir).started, {
    message: `Another Snug (pid ${winner.process.pid}) is running on ${dataDir}; stop it, or set SNUG_DATA_DIR to another folder`,
  })
  const { connection } = await winner.started
  assert.deepEqual(await query(connection, 'select 1'), [1])

  // The lock is of the process, not of the pid noted beside it, and goes when it is killed.
  writeFileSync(join(dataDir, 'snug.pid'), `${process.pid}\n`)
  await winner.kill()
  const next = await startEmbedded({ dataDir, log })
  t.after(() => next.stop())
  await assert.rejects(startEmbedded({ dataDir, log }), /Another Snug \(pid \d+\) is running/)
  assert.deepEqual(await query(next.connection, 'select 1'), [1])
  await next.stop()

  await t.test(
    'a server that does not come up is told with the end of its log, and holds nothing',
    async () => {
      const conf = join(dataDir, 'postgres', 'postgresql.conf')
      const good = readFileSync(conf, 'utf8')
      writeFileSync(conf, `${good}\nno_such_setting = 1\n`)
      await assert.rejects(startEmbedded({ dataDir, log }), (error) => {
        assert(error instanceof EmbeddedError)
        assert.match(error.message, /^PostgreSQL ended while starting: .*\n(.*\n)*.*no_such_setting/)
        return true
      })
      writeFileSync(conf, good)
      await (await startEmbedded({ dataDir, log })).stop()
    },
  )
})

test('data of another PostgreSQL is refused, and stays as it is', async (t) => {
  const dataDir = dataFolder(t)
  const version = join(dataDir, 'postgres', 'PG_VERSION')
  mkdirSync(dirname(version), { recursive: true })
  const cases: [string, RegExp][] = [
    ['19', /^The data in .* was written by PostgreSQL 19, this Snug brings 18: update Snug, or/],
    ['17', /was written by PostgreSQL 17, this Snug brings 18: .*"snug export"/],
  ]
  for (const [major, message] of cases) {
    writeFileSync(version, `${major}\n`)
    await assert.rejects(startEmbedded({ dataDir, log }), (error) => {
      assert(error instanceof EmbeddedError)
      assert.match(error.message, message)
      return true
    })
    assert.equal(readFileSync(version, 'utf8'), `${major}\n`)
  }
})

test('a folder that cannot hold the data is refused', async (t) => {
  const dataDir = dataFolder(t)
  mkdirSync(join(dataDir, 'postgres'), { recursive: true })
  writeFileSync(join(dataDir, 'postgres', 'holiday.jpg'), '')
  await assert.rejects(startEmbedded({ dataDir, log }), /is not empty and holds no PostgreSQL data/)

  const file = join(dataDir, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'below'), '/proc/snug']) {
    await assert.rejects(startEmbedded({ dataDir: path, log }), EmbeddedError)
  }
})
