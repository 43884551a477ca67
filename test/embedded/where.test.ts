import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, lstatSync, mkdirSync, statSync, truncateSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import test from 'node:test'
import { accountFor } from '../../src/embedded/account.ts'
import { findBinaries, packageFolder } from '../../src/embedded/binaries.ts'
import { copyTo } from '../../src/embedded/binaries-copy.ts'
import { clusterFolder } from '../../src/embedded/cluster.ts'
import { dataFolder, query, runSnug } from './snug.ts'

const asRoot = process.getuid?.() === 0
const NOBODY = 65_534

test('without LANG, in a folder that is closed to everybody else: it works there, and root says how', async (t) => {
  const dataDir = dataFolder(t, 'closed')
  const closed = dirname(dataDir)
  mkdirSync(closed, { mode: 0o700 })
  for (const expected of [true, false]) {
    const snug = runSnug(t, dataDir, { cwd: closed, env: {} })
    const { connection, fresh } = await snug.started
    assert.equal(fresh, expected)
    if (fresh) await query(connection, 'create table kept as select 7 as seven')
    assert.deepEqual(await query(connection, 'select seven from kept'), [7])
    assert.equal(
      snug.logged.filter((line) => line.includes('cannot pass the folders above')).length,
      asRoot ? 1 : 0,
    )
    await snug.stop()
  }
  assert.equal(statSync(closed).mode & 0o777, 0o700)
  assert.notEqual(statSync(clusterFolder(dataDir)).uid, 0)
})

test('an ordinary user runs it as itself, and root goes on with that user’s data', async (t) => {
  if (asRoot && !nobodyCanRead()) return t.skip('nobody cannot read this checkout')
  const dataDir = dataFolder(t, 'home')
  mkdirSync(dirname(dataDir), { mode: 0o700 })
  if (asRoot) chownSync(dirname(dataDir), NOBODY, NOBODY)
  const uid = asRoot ? NOBODY : process.getuid!()
  const snug = runSnug(t, dataDir, asRoot ? { uid } : {})
  const { connection } = await snug.started
  await query(connection, 'create table kept as select 7 as seven')
  assert.equal(statSync(clusterFolder(dataDir)).uid, uid)
  await snug.stop()
  const other = runSnug(t, dataDir)
  assert.deepEqual(await query((await other.started).connection, 'select seven from kept'), [7])
  assert.equal(statSync(clusterFolder(dataDir)).uid, uid)
  await other.stop()
})

test('another user’s data is refused, not taken', { skip: !asRoot }, async (t) => {
  if (!nobodyCanRead()) return t.skip('nobody cannot read this checkout')
  const dataDir = dataFolder(t)
  mkdirSync(clusterFolder(dataDir), { recursive: true })
  chownSync(dataDir, NOBODY, NOBODY)
  const snug = runSnug(t, dataDir, { uid: NOBODY })
  await assert.rejects(snug.started, /postgres belongs to user root: start Snug as that user/)
})

test('programs that the account cannot reach run from a copy, made once', { skip: !asRoot }, (t) => {
  const dataDir = dataFolder(t)
  const closed = join(dirname(dataDir), 'closed')
  mkdirSync(closed, { mode: 0o700 })
  mkdirSync(dataDir, { mode: 0o711 })
  const from = join(closed, 'package')
  // As npm leaves it under a narrow umask with install scripts off: private, and without the links.
  const wanted = (path: string) => !path.endsWith('/share') && !lstatSync(path).isSymbolicLink()
  cpSync(packageFolder(), from, { recursive: true, filter: wanted })
  spawnSync('chmod', ['-R', 'go-rwx', from])
  const lines: string[] = []
  const find = () =>
    findBinaries(accountFor(clusterFolder(dataDir)), dataDir, (line) => lines.push(line), from)
  const { postgres } = find()
  assert(postgres.startsWith(join(dataDir, 'postgresql-18.')), postgres)
  assert.match(lines[0] ?? '', /run from .* since user \w+ cannot run those in/)
  const made = statSync(postgres)
  assert.equal(find().postgres, postgres)
  assert.equal(statSync(postgres).ino, made.ino)

  // As a power cut leaves it.
  truncateSync(postgres)
  assert.equal(find().postgres, postgres)
  assert.equal(statSync(postgres).size, made.size)

  // As somebody else prepares it in /tmp.
  const name = relative(dataDir, postgres).split('/')[0]!
  chmodSync(join(dataDir, name), 0o777)
  assert.throws(() => copyTo(dataDir, name, from, () => null), /can be changed by others/)
  chownSync(dataDir, NOBODY, NOBODY)
  assert.throws(() => copyTo(dataDir, 'another', from, () => null), /can be changed by others/)
})

function nobodyCanRead(): boolean {
  const child = join(import.meta.dirname, 'child.ts')
  const looks = ['-c', 'test -r "$1" && test -x "$2"', 'sh', child, process.execPath]
  return spawnSync('/bin/sh', looks, { uid: NOBODY, gid: NOBODY, cwd: '/' }).status === 0
}
