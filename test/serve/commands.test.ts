import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { newDatabase } from '../kit.ts'
import { newFolder, snug } from './kit.ts'

test('--help everywhere, and wrong usage is exit code 2 with one line', async () => {
  const help = await snug(['--help'])
  assert.equal(help.code, 0)
  for (const name of ['serve', 'migrate', 'token', 'import', 'export', 'doctor']) {
    assert.match(help.out, new RegExp(`^ {2}${name} `, 'm'))
    const own = await snug([name, '--help'])
    assert.equal(own.code, 0)
    assert.match(own.out, new RegExp(`^snug ${name}`))
  }
  for (const args of [
    ['nonsense'],
    ['token'],
    ['token', 'a', 'b'],
    ['token', 'a', '--nonsense'],
    ['import'],
    ['token', 'no spaces'],
  ]) {
    const { code, err, out } = await snug(args, { SNUG_DATA_DIR: newFolder() })
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.match(err, /^snug: [^\n]+\n$/)
  }
})

test('import and export: what comes out goes into another Snug, beside its progress on standard error', async () => {
  const [source, target] = [{ DATABASE_URL: await newDatabase() }, { DATABASE_URL: await newDatabase() }]
  const file = join(newFolder(), 'in.ndjson')
  const lines = [
    { type: 'user', id: 'grace', username: 'grace' },
    { type: 'user', id: 'tom', username: 'tom' },
    { type: 'community', id: 'bakers', name: 'The Bakers', creator_id: 'grace' },
    {
      type: 'member',
      community_id: 'bakers',
      user_id: 'tom',
      status: 'active',
      joined_at: '2024-01-01T00:00:00Z',
    },
    {
      type: 'message',
      community_id: 'bakers',
      sender_id: 'tom',
      recipient_id: 'grace',
      content: 'Hello 🥖',
      created_at: '2024-01-02T00:00:00Z',
    },
  ]
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
  const first = await snug(['import', file], source)
  assert.equal(first.code, 0, first.err)
  assert.match(first.out, /1 messages?/)
  const exported = await snug(['export'], source)
  assert.equal(exported.code, 0, exported.err)
  assert.match(exported.out, /Hello 🥖/)
  writeFileSync(file, exported.out)
  assert.equal((await snug(['import', file], target)).code, 0)
  assert.equal((await snug(['export'], target)).out, exported.out)
  assert.equal((await snug(['export', '--community', 'bakers'], target)).out, exported.out)
  const unknown = await snug(['export', '--community', 'nobody'], target)
  assert.deepEqual([unknown.code, unknown.out], [1, ''])
  writeFileSync(file, `${exported.out}{"type":"nonsense"}\n`)
  const faulty = await snug(['import', file], target)
  assert.equal(faulty.code, 1)
  assert.match(faulty.err, new RegExp(`line ${exported.out.trim().split('\n').length + 1}: `))
})

test('doctor says what is right, what is wrong, and what to do about it', async () => {
  const DATABASE_URL = await newDatabase()
  const SNUG_DATA_DIR = newFolder()
  const good = await snug(['doctor'], { DATABASE_URL, SNUG_DATA_DIR })
  assert.equal(good.code, 0, good.out)
  for (const subject of ['configuration', 'disk', 'secrets', 'database', 'clock', 'schema', 'mail']) {
    assert.match(good.out, new RegExp(`^ok +${subject} `, 'm'))
  }
  assert.match(good.out, /No faults/)

  const key = join(SNUG_DATA_DIR, 'service-key')
  writeFileSync(key, 'x'.repeat(43))
  chmodSync(key, 0o644)
  const silent = createServer((socket) => socket.end('554 go away\r\n')).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const bad = await snug(['doctor'], {
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
    SNUG_DATA_DIR,
    SMTP_URL: `smtp://127.0.0.1:${port}`,
    SNUG_SERVICE_KEY: '',
  })
  silent.close()
  assert.equal(bad.code, 1)
  assert.match(bad.out, /^FAULT +secrets .*read by other users\n +→ chmod 600 /m)
  assert.match(bad.out, /^FAULT +database .*\n +→ check DATABASE_URL/m)
  assert.match(bad.out, /^FAULT +mail .*\n +→ check SMTP_URL/m)
  assert.match(bad.out, /3 faults/)

  const wrong = await snug(['doctor'], { PORT: 'eighty' })
  assert.equal(wrong.code, 1)
  assert.match(wrong.out, /^FAULT +configuration +PORT must be/m)
})

test('doctor finds fsync off, an encoding that loses text, and a replica', async () => {
  const DATABASE_URL = await newDatabase()
  const readOnly = `${DATABASE_URL}&options=${encodeURIComponent('-c default_transaction_read_only=on')}`
  const { code, out } = await snug(['doctor'], { DATABASE_URL: readOnly, SNUG_DATA_DIR: newFolder() })
  assert.deepEqual([code, /^FAULT +database +read-only\n +→ .*primary/m.test(out)], [1, true], out)
})
