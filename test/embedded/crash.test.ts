import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { startEmbedded } from '../../src/embedded/index.ts'
import { isAlive } from '../../src/embedded/process.ts'
import { dataFolder, postmasterPid, query, runSnug, until } from './snug.ts'

test('a killed Snug leaves PostgreSQL running, and the next one takes it on and stops it', async (t) => {
  const dataDir = dataFolder(t)
  const killed = runSnug(t, dataDir)
  await query((await killed.started).connection, 'create table kept as select 7 as seven')
  const pid = postmasterPid(dataDir)!
  await killed.kill()
  assert(isAlive(pid))

  const lines: string[] = []
  const next = await startEmbedded({ dataDir, log: (line) => lines.push(line) })
  t.after(() => next.stop())
  assert.deepEqual([next.fresh, next.adopted, postmasterPid(dataDir)], [false, true, pid])
  assert.deepEqual(await query(next.connection, 'select seven from kept'), [7])

  await t.test('an adopted one that dies is started again', async () => {
    process.kill(pid, 'SIGKILL')
    await until(async () => (await query(next.connection, 'select seven from kept'))[0] === 7)
    assert.notEqual(postmasterPid(dataDir), pid)
    assert(lines.some((line) => line.includes('starting it again')))
  })

  await t.test('one left by a Snug with other settings is started again with ours', async () => {
    await next.stop()
    const older = runSnug(t, dataDir)
    await older.started
    await older.kill()
    const opts = join(dataDir, 'postgres', 'postmaster.opts')
    writeFileSync(opts, readFileSync(opts, 'utf8').replace('cluster_name=snug-18', 'cluster_name=snug-17'))
    const left = postmasterPid(dataDir)!
    const newer = await startEmbedded({ dataDir, log: () => {} })
    assert.equal(newer.adopted, false)
    assert(!isAlive(left))
    await newer.stop()
  })

  await t.test('Ctrl-C does not reach PostgreSQL, and the adopted one is stopped', async () => {
    const older = runSnug(t, dataDir)
    await older.started
    await older.interrupt()
    const left = postmasterPid(dataDir)!
    const newer = await startEmbedded({ dataDir, log: () => {} })
    assert(newer.adopted)
    assert.equal(postmasterPid(dataDir), left)
    await newer.stop()
    assert(!isAlive(left))
    assert.equal(postmasterPid(dataDir), null)
  })
})

test('PostgreSQL killed under a running Snug is back by itself, again and again', async (t) => {
  const dataDir = dataFolder(t)
  const embedded = await startEmbedded({ dataDir, log: () => {} })
  t.after(() => embedded.stop())
  await query(embedded.connection, 'create table kept (n int)')
  for (const n of [1, 2, 3]) {
    await query(embedded.connection, `insert into kept values (${n})`)
    const pid = postmasterPid(dataDir)!
    process.kill(pid, 'SIGKILL')
    await until(async () => (await query(embedded.connection, 'select count(*)::int from kept'))[0] === n, 5)
    assert.notEqual(postmasterPid(dataDir), pid)
  }

  await t.test('stop right after such a death leaves nothing', async () => {
    process.kill(postmasterPid(dataDir)!, 'SIGKILL')
    await embedded.stop()
    const left = postmasterPid(dataDir)
    assert(left === null || !isAlive(left))
    await assert.rejects(query(embedded.connection, 'select 1'))
  })

  await t.test(
    'the pid of another program in postmaster.pid is passed over, the program left be',
    async () => {
      const program = spawn('sleep', ['600'], sameUserAs(join(dataDir, 'postgres')))
      t.after(() => program.kill())
      await once(program, 'spawn')
      const lines = await startOverStale(program.pid!)
      assert(lines.some((line) => line.includes(`holds ${program.pid}, which is another program`)))
      assert.equal(program.exitCode ?? program.signalCode, null)
    },
  )

  await t.test('so is that of a dead process which nobody has collected', async () => {
    const neglectful = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 600'], {
      ...sameUserAs(join(dataDir, 'postgres')),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    t.after(() => neglectful.kill())
    const zombie = Number(String((await once(neglectful.stdout, 'data'))[0]))
    if (process.platform === 'linux') await until(() => !isAlive(zombie))
    await startOverStale(zombie)
  })

  async function startOverStale(pid: number): Promise<string[]> {
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      const stale = `${pid}\n${join(dataDir, 'postgres')}\n1600000000\n5432\n.\n\n  1234567   1234567\nready   \n`
      writeFileSync(join(dataDir, 'postgres', name), stale)
    }
    const lines: string[] = []
    const next = await startEmbedded({ dataDir, log: (line) => lines.push(line) })
    assert.equal(next.adopted, false)
    assert.deepEqual(await query(next.connection, 'select count(*)::int from kept'), [3])
    await next.stop()
    return lines
  }
})

test('a start killed in the middle of making the cluster leaves nothing in the way', async (t) => {
  const dataDir = dataFolder(t)
  const half = () => readdirSync(dataDir).find((name) => name.startsWith('postgres.new-'))
  const killed = runSnug(t, dataDir)
  await until(() => existsSync(join(dataDir, half()!, 'global', 'pg_control')))
  await killed.kill()
  assert(!existsSync(join(dataDir, 'postgres')))
  const next = await startEmbedded({ dataDir, log: () => {} })
  t.after(() => next.stop())
  assert(next.fresh)
  assert.deepEqual(await query(next.connection, 'select 1'), [1])
  await next.stop()
  const last = await startEmbedded({ dataDir, log: () => {} })
  assert.equal(last.fresh, false)
  assert.equal(half(), undefined)
  await last.stop()
})

/** PostgreSQL itself passes over a pid that is another user's, so the stranger has to be of the same one. */
function sameUserAs(folder: string): { uid?: number; gid?: number } {
  const { uid, gid } = statSync(folder)
  return process.getuid?.() === 0 ? { uid, gid } : {}
}
