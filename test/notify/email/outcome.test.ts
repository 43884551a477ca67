import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Outcome } from '../../../src/domain/delivery.ts'
import { createEmail, type Email } from '../../../src/notify/email/index.ts'
import { letter, links } from '../letters.ts'
import { type SmtpService, type SmtpServiceOptions, startSmtp } from '../smtp-service.ts'

const MAIL = { mailFrom: { name: null, address: 'hello@snug.example' } }

/** Pauses of 1 ms: what is tried here is what one letter becomes. */
function emailTo(smtpUrl: string, letterMs = 60_000): Email {
  return createEmail({
    mail: { ...MAIL, smtpUrl },
    dataDir: '/nowhere',
    publicUrl: 'https://snug.example',
    links,
    log: () => {},
    waits: { firstMs: 1, longestMs: 1, letterMs },
  })
}

let smtp: SmtpService
let email: Email
before(async () => {
  smtp = await startSmtp({ tls: 'none' })
  email = emailTo(`${smtp.url}?socketTimeout=300&greetingTimeout=500`)
})
after(async () => {
  await email.close()
  await smtp.close()
})

/** What becomes of a letter; asked again while an earlier failure's pause of 1 ms lasts. */
async function sent(): Promise<Outcome> {
  for (;;) {
    const outcome = await email.send(letter())
    if (outcome.kind !== 'paused') return outcome
  }
}

const RULES: readonly (readonly ['mail' | 'rcpt' | 'data', number, string, Outcome['kind']])[] = [
  ['rcpt', 550, '5.1.1 No such user', 'gone'],
  ['rcpt', 550, 'No such user here', 'gone'],
  ['rcpt', 550, '5.4.1 Recipient address rejected: Access denied', 'gone'],
  ['rcpt', 501, '5.1.3 Bad recipient address syntax', 'gone'],
  ['rcpt', 553, '5.6.7 No such letters here', 'gone'],
  ['rcpt', 550, '5.2.1 Mailbox disabled', 'gone'],
  ['rcpt', 556, '5.1.10 Domain takes no mail', 'gone'],
  ['rcpt', 554, '5.7.1 Relay access denied', 'later'],
  ['rcpt', 550, '5.7.1 Access denied', 'later'],
  ['rcpt', 550, '5.7.26 Unauthenticated', 'later'],
  ['rcpt', 550, 'relay not permitted', 'later'],
  ['rcpt', 554, 'Client host blocked using zen.example', 'later'],
  ['rcpt', 530, 'Log in first', 'later'],
  ['rcpt', 503, '5.5.1 Bad sequence of commands', 'later'],
  ['rcpt', 552, '5.2.2 Mailbox full', 'later'],
  ['rcpt', 550, '5.3.0 Broken here', 'later'],
  ['rcpt', 450, '4.2.1 Greylisted', 'later'],
  ['rcpt', 452, '4.2.2 Mailbox full', 'later'],
  ['mail', 550, '5.1.0 Sender rejected', 'later'],
  ['mail', 553, '5.7.1 Not your address', 'later'],
  ['mail', 451, '4.3.0 Try again', 'later'],
  ['data', 554, '5.7.1 Looks like spam', 'refused'],
  ['data', 550, 'Content rejected', 'refused'],
  ['data', 552, '5.3.4 Too big', 'refused'],
  ['data', 550, '5.1.1 No such user', 'gone'],
  ['data', 552, '5.2.2 Mailbox full', 'later'],
  ['data', 451, '4.3.0 Try again', 'later'],
  ['data', 421, '4.3.2 Going down', 'later'],
]

for (const [at, code, words, kind] of RULES) {
  test(`${code} ${words} at ${at.toUpperCase()}: ${kind}`, async () => {
    smtp.behave({ kind: 'refuse', at, code, words })
    const expected = { kind, words: `${code} ${words}`, ...(kind === 'later' && { afterMs: null }) }
    assert.deepEqual(await sent(), expected)
    smtp.behave({ kind: 'accept' })
    assert.deepEqual(await sent(), { kind: 'sent' }, 'and the next one is taken')
  })
}

test('a greeting that sends away, a server that hangs, a line that is cut: later', async () => {
  for (const how of [
    { kind: 'hang', at: 'rcpt' },
    { kind: 'hang', at: 'data' },
    { kind: 'cut', accepted: false },
    { kind: 'cut', accepted: true },
  ] as const) {
    smtp.behave(how)
    const before = smtp.received.length
    assert.equal((await sent()).kind, 'later', JSON.stringify(how))
    assert.equal(
      smtp.received.length - before,
      how.kind === 'cut' && how.accepted ? 1 : 0,
      'not sent twice in here',
    )
  }
  smtp.behave({ kind: 'accept' })
  assert.deepEqual(await sent(), { kind: 'sent' })
})

test('a letter that takes too long is given up, although the line lives; its line is not used again', async (t) => {
  const service = await startSmtp({ tls: 'none' })
  t.after(service.close)
  service.behave({ kind: 'hang', at: 'rcpt' })
  const sender = emailTo(`${service.url}?maxConnections=1`, 300)
  t.after(sender.close)
  assert.deepEqual(await sender.send(letter()), {
    kind: 'later',
    words: 'Message sending aborted',
    afterMs: null,
  })
  service.behave({ kind: 'accept' })
  assert.deepEqual(await sender.send(letter()), { kind: 'sent' })
  assert.equal(service.lines(), 2)
})

test('the words are one line of at most 300 characters without control characters', async () => {
  smtp.behave({
    kind: 'refuse',
    at: 'rcpt',
    code: 550,
    words: `5.1.1 No\nsuch\u0007 user\u2028 ${'x'.repeat(400)}`,
  })
  const outcome = await sent()
  assert.equal(outcome.kind, 'gone')
  const { words } = outcome as { words: string }
  assert.match(words, /^550 5\.1\.1 No such user x+…$/)
  assert.equal(words.length, 300)
  smtp.behave({ kind: 'accept' })
})

/** What becomes of a letter to a server of its own. */
async function alone(
  options: SmtpServiceOptions,
  url: (service: SmtpService) => string,
  prepare = (_: SmtpService) => {},
) {
  const service = await startSmtp(options)
  prepare(service)
  const sender = emailTo(url(service))
  try {
    return { outcome: await sender.send(letter()), received: service.received }
  } finally {
    await sender.close()
    await service.close()
  }
}

test('a wrong password is later, and no mail is handed over', async () => {
  const auth = { user: 'snug', pass: 'right' }
  const { outcome, received } = await alone({ auth }, ({ url }) => url.replace('right', 'wrong'))
  assert.deepEqual(outcome, { kind: 'later', words: '535 5.7.8 No such user', afterMs: null })
  assert.equal(received.length, 0)
})

test('a certificate that is not trusted is later, and no mail is handed over', async () => {
  for (const tls of ['always', 'starttls'] as const) {
    const { outcome, received } = await alone({ tls }, ({ url }) => url.replace(/\?.*/, ''))
    assert.equal(outcome.kind, 'later', tls)
    assert.match((outcome as { words: string }).words, /certificate/)
    assert.equal(received.length, 0)
  }
})

test('a greeting that sends away is later', async () => {
  const { outcome } = await alone(
    { tls: 'none' },
    ({ url }) => url,
    (service) => service.behave({ kind: 'refuse', at: 'greeting', code: 554, words: 'No mail here' }),
  )
  assert.equal(outcome.kind, 'later')
  assert.match((outcome as { words: string }).words, /554 No mail here/)
})

test('a greeting that never comes, and a port where nobody listens: later', async () => {
  const hung = await alone(
    { tls: 'none' },
    ({ url }) => `${url}?greetingTimeout=400`,
    (service) => service.behave({ kind: 'hang', at: 'greeting' }),
  )
  assert.equal(hung.outcome.kind, 'later')
  const closed = await startSmtp({ tls: 'none' })
  await closed.close()
  const sender = emailTo(closed.url)
  const outcome = await sender.send(letter())
  assert.equal(outcome.kind, 'later')
  assert.match((outcome as { words: string }).words, /ECONNREFUSED/)
  await sender.close()
})

test('by LMTP the answer for the recipient comes after the message, and counts', async () => {
  const lmtp = (service: SmtpService) => `${service.url}?lmtp=true`
  const good = await alone({ tls: 'none', lmtp: true }, lmtp)
  assert.deepEqual(good.outcome, { kind: 'sent' })
  const refused = await alone({ tls: 'none', lmtp: true }, lmtp, (service) =>
    service.behave({ kind: 'refuse', at: 'data', code: 550, words: '5.1.1 No such user' }),
  )
  assert.equal(refused.outcome.kind, 'gone')
})

test('what is no address is gone, without a word to the server', async () => {
  const before = smtp.lines()
  for (const address of [
    '',
    'tom',
    '@example.com',
    'tom@',
    'tom@example.com, eve@example.com',
    'tom@example.com\r\nRCPT TO:<eve@example.com>',
    'Friends: tom@example.com;',
    'Tom <tom@example.com>',
    '<tom@example.com>',
    '"a b"@example.com',
    'tom@evil.example@example.com',
    'tom@example.com\u2028',
    `${'x'.repeat(320)}@example.com`,
  ])
    assert.equal((await email.send(letter({ address }))).kind, 'gone', address)
  assert.equal(smtp.lines(), before)
})
