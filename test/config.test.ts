import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ConfigError, readConfig } from '../src/config.ts'

test('with nothing set there are the defaults of CONTRACT §8, and it is the trial', () => {
  const config = readConfig({}, '/srv/snug')
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 8080)
  assert.equal(config.dataDir, '/srv/snug/data')
  assert.equal(config.publicUrl, 'http://127.0.0.1:8080')
  assert.equal(config.databaseUrl, null)
  assert.deepEqual(config.corsOrigins, [])
  assert.equal(config.trial, true)
  assert.ok(Object.isFrozen(config))
})

test('DATABASE_URL or SNUG_SERVICE_KEY end the trial; empty values count as unset', () => {
  assert.equal(readConfig({ DATABASE_URL: 'postgres://db/snug' }).trial, false)
  assert.equal(readConfig({ SNUG_SERVICE_KEY: 'key' }).trial, false)
  assert.equal(readConfig({ DATABASE_URL: '', SNUG_SERVICE_KEY: ' ', PORT: '' }).trial, true)
})

test('emails are shown where it is the trial, they are files, and nobody but this machine gets there', () => {
  const shown = (env: Record<string, string>) => readConfig(env).showsMail
  for (const HOST of ['', '127.0.0.1', '127.9.8.7', '::1', 'localhost'])
    assert.equal(shown({ HOST }), true, HOST)
  for (const SNUG_PUBLIC_URL of ['http://localhost:3000/snug', 'http://[::1]:8080'])
    assert.equal(shown({ SNUG_PUBLIC_URL }), true)
  const open = [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '127.0.0.1.example.com',
    '127.1',
    'localhost.example.com',
  ]
  for (const HOST of open) assert.equal(shown({ HOST }), false, HOST)
  const others: Record<string, string>[] = [
    { SNUG_PUBLIC_URL: 'https://snug.example' },
    { SMTP_URL: 'smtp://127.0.0.1' },
    { SNUG_SERVICE_KEY: 'key' },
    { DATABASE_URL: 'postgres://127.0.0.1/snug' },
  ]
  for (const env of others) assert.equal(shown(env), false, JSON.stringify(env))
})

test('several service keys while rotating', () => {
  assert.deepEqual(readConfig({ SNUG_SERVICE_KEY: 'new, old' }).serviceKeys, ['new', 'old'])
})

test('what SNUG_MAIL_FROM may be, and what is read from it', () => {
  const read = (value: string) => readConfig({ SNUG_MAIL_FROM: value }).mail.mailFrom
  assert.deepEqual(read('hello@example.com'), { name: null, address: 'hello@example.com' })
  assert.deepEqual(read('<hello@example.com>'), { name: null, address: 'hello@example.com' })
  assert.deepEqual(read('The Café <hello@xn--caf-dma.example>'), {
    name: 'The Café',
    address: 'hello@xn--caf-dma.example',
  })
  assert.deepEqual(read('"Snug, \\"the\\" inbox" <no-reply@localhost>'), {
    name: 'Snug, "the" inbox',
    address: 'no-reply@localhost',
  })
})

test('email and role: what unset means, and what is read', () => {
  const unset = readConfig({})
  assert.deepEqual(unset.mail, { smtpUrl: null, mailFrom: null, emailDelaySeconds: 0 })
  assert.equal(unset.role, 'all')
  const smtpUrl = 'smtps://me:pass@example.com?maxConnections=20'
  const set = readConfig({ SMTP_URL: smtpUrl, SNUG_EMAIL_DELAY: '86400', SNUG_ROLE: 'work' })
  assert.deepEqual(set.mail, { smtpUrl, mailFrom: null, emailDelaySeconds: 86_400 })
  assert.equal(set.role, 'work')
  assert.ok(Object.isFrozen(set.mail))
})

const BAD: readonly (readonly [string, string])[] = [
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '80a'],
  ['DATABASE_URL', 'mysql://secret-password@db/snug'],
  ['DATABASE_URL', 'secret-password'],
  ['SNUG_PUBLIC_URL', 'ftp://example.com'],
  ['SNUG_SERVICE_KEY', 'secret password'],
  ['SNUG_JWT_SECRET', 'secret-password-of-31-bytes-...'],
  ['SNUG_JWKS_URL', 'file:///etc/passwd'],
  ['SMTP_URL', 'https://secret-password@example.com'],
  ['SMTP_URL', 'smtp:'],
  ['SMTP_URL', 'smtp://u:secret-password@example.com?maxConnections=many'],
  ['SMTP_URL', 'smtp://u:secret-password@example.com?maxConnections=0'],
  ['SMTP_URL', 'smtp://u:secret-password@example.com?socketTimeout=5&socketTimeout=6'],
  ['SNUG_MAIL_FROM', 'nobody'],
  ['SNUG_MAIL_FROM', 'Snug <hello@example.com>, Eve <eve@example.com>'],
  ['SNUG_MAIL_FROM', 'hello@example.com, eve@example.com'],
  ['SNUG_MAIL_FROM', 'Friends: hello@example.com;'],
  ['SNUG_MAIL_FROM', 'Snug\r\nBcc: <eve@example.com>'],
  ['SNUG_MAIL_FROM', '"Snug\u0000" <hello@example.com>'],
  ['SNUG_MAIL_FROM', 'Snug\u202e <hello@example.com>'],
  ['SNUG_MAIL_FROM', 'Snug <hello@example.com> <eve@example.com>'],
  ['SNUG_MAIL_FROM', 'Snug <hello@>'],
  ['SNUG_EMAIL_DELAY', '86401'],
  ['SNUG_EMAIL_DELAY', '1.5'],
  ['SNUG_EMAIL_DELAY', '-1'],
  ['SNUG_ROLE', 'worker'],
  ['SNUG_LOGIN_URL', 'javascript:alert(1)'],
  ['SNUG_LOGIN_URL', 'example.com/login'],
  ['SNUG_AVATAR_ORIGINS', 'https://img.example.com/path'],
  ['SNUG_AVATAR_ORIGINS', '*'],
  ['SNUG_AVATAR_ORIGINS', 'https://img.example.com; script-src *'],
  ['SNUG_CORS_ORIGINS', 'https://example.com/'],
  ['SNUG_CORS_ORIGINS', '*'],
  ['SNUG_LIST_CACHE_MB', '-1'],
  ['SNUG_LOG_LEVEL', 'loud'],
]

for (const [name, value] of BAD) {
  test(`${name}=${value} is refused with a line that names it and tells no secret`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error) =>
        error instanceof ConfigError &&
        error.message.includes(name) &&
        !error.message.includes('secret-password') &&
        !error.message.includes('\n'),
    )
  })
}

test("the README's table names every variable that is read, and none else", () => {
  const source = ['src/config.ts', ...globSync('src/config/*.ts')].map((file) => readFileSync(file, 'utf8'))
  const read = new Set(
    source
      .join('\n')
      .match(/'(HOST|PORT|[A-Z]+_[A-Z_]+)'/g)
      ?.map((one) => one.slice(1, -1)),
  )
  const table = readFileSync('README.md', 'utf8').split('## Configuration')[1]?.split('\n## ')[0] ?? ''
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  const named = new Set(rows.flatMap((row) => row.split(' | ')[0]?.match(/[A-Z][A-Z_]+/g) ?? []))
  assert.deepEqual([...named].sort(), [...read].sort())
})
