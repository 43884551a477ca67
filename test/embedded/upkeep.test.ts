import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { openLogFile } from '../../src/embedded/log-file.ts'
import { socketFolder } from '../../src/embedded/socket-folder.ts'

test('the log is emptied at 8 MB under the one that writes it, and the older part kept', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'snug-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const log = openLogFile(join(folder, 'postgres.log'))
  t.after(() => log.close())
  const write = (text: string) => writeSync(log.fd, text)
  write('first\n'.repeat(1000))
  const start = log.end()
  write('second\n')
  log.trim()
  assert.equal(log.since(start), 'second')
  write('x'.repeat(8 * 1024 * 1024))
  assert.equal(log.since(start).length, 2048)
  log.trim()
  write('third\n')
  assert.equal(readFileSync(log.path, 'utf8'), 'third\n')
  assert.equal(log.since(start), 'third')
  assert(statSync(`${log.path}.old`).size > 8 * 1024 * 1024)
})

test('the link to a deep folder is made again when /tmp was swept', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'snug-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const deep = join(folder, ...Array(12).fill('a folder name'))
  mkdirSync(deep, { recursive: true })
  const socket = socketFolder(deep)
  t.after(() => socket.remove())
  for (const swept of [socket.path, dirname(socket.path)]) {
    rmSync(swept, { recursive: true })
    socket.refresh()
    assert.equal(statSync(socket.path).ino, statSync(deep).ino)
    assert.equal(lstatSync(dirname(socket.path)).mode & 0o777, 0o700)
  }
  socket.refresh()
  assert.equal(statSync(socket.path).ino, statSync(deep).ino)
})
