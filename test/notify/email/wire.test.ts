import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser'
import { createEmail, type Email } from '../../../src/notify/email/index.ts'
import { type LetterParts, letter, links } from '../letters.ts'
import { type SmtpService, startSmtp } from '../smtp-service.ts'
import { until } from '../world.ts'

const publicUrl = 'https://snug.example/inbox'
const mailFrom = { name: 'Snug', address: 'hello@snug.example' }
const emailTo = (smtpUrl: string, from: typeof mailFrom | null = mailFrom): Email =>
  createEmail({ mail: { mailFrom: from, smtpUrl }, dataDir: '/nowhere', publicUrl, links, log: () => {} })

let smtp: SmtpService
let email: Email
before(async () => {
  smtp = await startSmtp({ auth: { user: 'me@x', pass: 'p:/ß' } })
  email = emailTo(smtp.url)
})
after(async () => {
  await email.close()
  await smtp.close()
})

async function receive(parts: LetterParts, one = letter(parts)) {
  assert.deepEqual(await email.send(one), { kind: 'sent' })
  const mail = smtp.received.at(-1)!
  return { one, mail, parsed: await simpleParser(mail.raw) }
}

const header = ({ headers }: ParsedMail, name: string) => String(headers.get(name))
const addressesOf = (field: AddressObject | AddressObject[] | undefined) =>
  [field ?? []].flat().flatMap(({ value }) => value)

test('a mail arrives over TLS, logged in, with all its headers', async () => {
  const { one, mail, parsed } = await receive({ contents: ['Grüße\n👋'] })
  assert.equal(mail.secure, true)
  assert.equal(mail.user, 'me@x')
  assert.equal(mail.from, 'hello@snug.example')
  assert.deepEqual(mail.to, ['tom@example.com'])
  assert.equal(parsed.subject, 'New message from ada in The Whisky Club')
  assert.deepEqual(addressesOf(parsed.from), [
    { address: 'hello@snug.example', name: 'ada (The Whisky Club) via Snug' },
  ])
  assert.deepEqual(addressesOf(parsed.to), [{ address: 'tom@example.com', name: 'tom' }])
  assert.equal(parsed.messageId, `<${one.messages[0].id}@snug.example>`)
  assert.equal(parsed.inReplyTo, `<${one.conversationId}@snug.example>`)
  assert.equal(parsed.references, `<${one.conversationId}@snug.example>`)
  assert.equal(header(parsed, 'auto-submitted'), 'auto-generated')
  assert.ok(parsed.text?.includes('    Grüße\n    👋\n'))
  assert.ok(String(parsed.html).includes('Grüße<br>\n👋'))
})

test('one click unsubscribes (RFC 8058): the link is on one line, https, and the user’s own', async () => {
  const { mail } = await receive({})
  const [, url] = /^List-Unsubscribe: <(\S+)>\r$/m.exec(mail.raw.toString()) ?? []
  assert.match(mail.raw.toString(), /^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m)
  assert.ok(url?.startsWith('https://snug.example/inbox/unsubscribe/'))
  assert.equal(links.readUnsubscribe(url!.split('/').at(-1)!), 42)
})

test('a repeat has the same Message-ID, and several messages have that of the newest', async () => {
  const one = letter({ contents: ['a', 'b'] })
  const first = await receive({}, one)
  const second = await receive({}, one)
  assert.equal(first.mail.messageId, `${one.messages.at(-1)!.id}@snug.example`)
  assert.equal(second.mail.messageId, first.mail.messageId)
})

test('lines are used again, and TLS from the first byte works too', async (t) => {
  const service = await startSmtp({ tls: 'always' })
  t.after(service.close)
  const sender = emailTo(`${service.url}&maxConnections=2`)
  t.after(sender.close)
  assert.equal(sender.concurrency, 2)
  const outcomes = await Promise.all(Array.from({ length: 250 }, () => sender.send(letter())))
  assert.ok(outcomes.every(({ kind }) => kind === 'sent'))
  assert.equal(service.received.length, 250)
  assert.ok(service.received.every(({ secure }) => secure))
  assert.equal(service.lines(), 2, 'maxConnections of the URL, and no end after 100 mails')
})

test('without SNUG_MAIL_FROM mail comes from no-reply at the public URL’s host', async () => {
  const sender = emailTo(smtp.url, null)
  await sender.send(letter())
  assert.equal(smtp.received.at(-1)?.from, 'no-reply@snug.example')
  const parsed = await simpleParser(smtp.received.at(-1)!.raw)
  assert.equal(addressesOf(parsed.from)[0]?.name, 'ada (The Whisky Club)')
  assert.match(smtp.received.at(-1)!.messageId, /@snug\.example$/)
  await sender.close()
})

test('close waits for what is under way, and afterwards nothing goes', async () => {
  const sender = emailTo(smtp.url)
  const before = smtp.received.length
  smtp.behave({ kind: 'accept', afterMs: 50 })
  const underway = Promise.all([1, 2, 3].map(() => sender.send(letter())))
  await sender.close()
  smtp.behave({ kind: 'accept' })
  assert.deepEqual(
    (await underway).map(({ kind }) => kind),
    ['sent', 'sent', 'sent'],
  )
  assert.equal(smtp.received.length, before + 3)
  assert.equal((await sender.send(letter())).kind, 'later')
})

// Longer than close may take, far shorter than the time-outs that would end the letter otherwise.
test('close breaks the line of a letter that hangs', { timeout: 9_000 }, async (t) => {
  const service = await startSmtp()
  t.after(service.close)
  service.behave({ kind: 'hang', at: 'data' })
  const sender = emailTo(service.url)
  const hanging = sender.send(letter())
  await until(() => service.lines() > 0)
  await sender.close()
  assert.equal((await hanging).kind, 'later')
})

const HOSTILE = [
  '\r\nBcc: eve@example.com\r\n',
  '\nX-Evil: 1',
  '\r\n\r\n<script>alert(1)</script>',
  '\r\n.\r\nRCPT TO:<eve@example.com>\r\n',
  '>, eve@example.com, <',
  '" <eve@example.com>, "',
  'Friends: eve@example.com;',
  '=?utf-8?B?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?=',
  '\u2028Bcc: eve@example.com',
  '\u202emoc.elpmaxe@eve',
  '\\"',
  '(',
  'ü'.repeat(200),
  'x'.repeat(2_000),
]

const FIELDS = [
  'auto-submitted',
  'content-type',
  'date',
  'from',
  'in-reply-to',
  'list',
  'message-id',
  'mime-version',
  'references',
  'subject',
  'to',
]

/** Sends a letter with hostile parts, and looks at what a mail client makes of it. */
async function survives(
  sender: string,
  community: string,
  recipient: string,
  content: string,
): Promise<void> {
  const { mail, parsed } = await receive({
    sender,
    community,
    recipient,
    contents: [content],
    avatarUrl: `https://x.example/${sender}`,
  })
  assert.deepEqual(mail.to, ['tom@example.com'])
  assert.equal(mail.from, 'hello@snug.example')
  assert.deepEqual([...parsed.headers.keys()].sort(), FIELDS)
  assert.deepEqual(
    addressesOf(parsed.from).map(({ address }) => address),
    ['hello@snug.example'],
  )
  assert.deepEqual(
    addressesOf(parsed.to).map(({ address }) => address),
    ['tom@example.com'],
  )
  const shown = [
    parsed.subject,
    ...[...addressesOf(parsed.from), ...addressesOf(parsed.to)].map(({ name }) => name),
  ]
  for (const one of shown) {
    assert.ok(!/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(one ?? ''), JSON.stringify(one))
  }
  assert.ok(!String(parsed.html).includes('<script'))
  const [top = ''] = mail.raw.toString('latin1').split('\r\n\r\n')
  assert.ok(top.split('\r\n').every((line) => line.length <= 998 && !/[^\x20-\x7e\t]/.test(line)))
}

test('no name or message adds a header, a recipient or a command', async () => {
  for (const one of HOSTILE) await survives(one, one, one, one)
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc
      .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 9 })), { maxLength: 5 })
      .map((all) => all.join('')),
  )
  await fc.assert(fc.asyncProperty(hostile, hostile, hostile, hostile, survives), { numRuns: 200 })
})

test('a message of dots and SMTP commands arrives as it was written', async () => {
  const content = '.\n..\n.\nQUIT\nFrom here\n>quoted'
  const { parsed } = await receive({ contents: [content] })
  assert.ok(parsed.text?.includes(`    ${content.replaceAll('\n', '\n    ')}\n`))
})

test('whatever passes for an address goes to one recipient, or nowhere', async () => {
  const odd = fc.string({
    unit: fc.constantFrom(..."ab.!#/=?^`{|}~%'+-_ü＠，；💥"),
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(odd, odd, async (local, domain) => {
      const before = smtp.received.length
      const outcome = await email.send(letter({ address: `${local}@${domain}.example` }))
      if (outcome.kind !== 'sent') return
      assert.equal(smtp.received.length, before + 1)
      assert.equal(smtp.received.at(-1)?.to.length, 1)
      const parsed = await simpleParser(smtp.received.at(-1)!.raw)
      assert.equal(addressesOf(parsed.to).length, 1)
    }),
    { numRuns: 200 },
  )
})
