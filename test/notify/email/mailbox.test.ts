import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import type { Letter } from '../../../src/domain/delivery.ts'
import { createEmail, type Email } from '../../../src/notify/email/index.ts'
import { listMail, readMail } from '../../../src/notify/email/mailbox.ts'
import { type LetterParts, letter, links } from '../letters.ts'

let dataDir: string
let email: Email
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'snug-mail-'))
  const publicUrl = 'http://127.0.0.1:8080'
  email = createEmail({ mail: { smtpUrl: null, mailFrom: null }, dataDir, publicUrl, links, log: () => {} })
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const files = () => readdirSync(join(dataDir, 'mail'))

function at(createdAt: number, parts: LetterParts = {}, id?: string): Letter {
  const one = letter(parts)
  return { ...one, messages: [{ ...one.messages[0], createdAt, ...(id !== undefined && { id }) }] }
}

test('an email is a file that a mail client opens, with the headers that SMTP would send', async () => {
  const one = letter({ sender: 'Jörg', contents: ['Hi\nthere'] })
  assert.deepEqual(await email.send(one), { kind: 'sent' })
  const [file = '', ...others] = files()
  assert.deepEqual(others, [])
  assert.match(file, /^\d{8}T\d{9}Z-[\da-f-]{36}\.eml$/)
  const raw = readFileSync(join(dataDir, 'mail', file))
  assert.ok(!/[^\r]\n/.test(raw.toString()), 'CRLF, as mail has it')
  const parsed = await simpleParser(raw)
  assert.equal(parsed.subject, 'New message from Jörg in The Whisky Club')
  assert.equal(parsed.messageId, `<${one.messages[0].id}@localhost>`)
  assert.equal(parsed.from?.value[0]?.address, 'no-reply@localhost')
  assert.match(raw.toString(), /^List-Unsubscribe: <.*\/unsubscribe\/[\w-]{32}>\r$/m)
  assert.ok(parsed.text?.includes('    Hi\n    there'))
})

test('it can be read by us alone', async () => {
  await email.send(letter())
  assert.equal(statSync(join(dataDir, 'mail', files()[0]!)).mode & 0o777, 0o600)
  assert.equal(statSync(join(dataDir, 'mail')).mode & 0o066, 0)
})

test('sent again it takes the place of the first, with nothing left beside it', async () => {
  const one = letter()
  await email.send(one)
  const before = files()
  await Promise.all([email.send(one), email.send(one), email.send(one)])
  assert.deepEqual(files(), before)
})

test('ids that are none cannot leave the folder', async () => {
  assert.deepEqual(await email.send(at(0, {}, '../../../etc/x\r\nBcc: eve@example.com')), { kind: 'sent' })
  assert.match(files()[0]!, /^19700101T000000000Z-[\w-]+\.eml$/)
  assert.deepEqual(readdirSync(dataDir), ['mail'])
})

test('where nothing can be written it is tried again later, and said why', async () => {
  writeFileSync(join(dataDir, 'mail'), '')
  const outcome = await email.send(letter())
  assert.equal(outcome.kind, 'later')
  assert.match((outcome as { words: string }).words, /E(NOTDIR|EXIST)/)
})

test('a file that cannot take its place leaves nothing behind', async () => {
  const one = at(0, {}, 'x')
  mkdirSync(join(dataDir, 'mail', '19700101T000000000Z-x.eml'), { recursive: true })
  assert.equal((await email.send(one)).kind, 'later')
  assert.deepEqual(files(), ['19700101T000000000Z-x.eml'])
})

test('what is no address is gone, and no file', async () => {
  assert.equal((await email.send(letter({ address: 'a@b.example, c@d.example' }))).kind, 'gone')
  assert.deepEqual(await listMail(dataDir, 10), [])
})

test('the list: newest first, no more than asked for, and nothing that is not ours', async () => {
  assert.deepEqual(await listMail(join(dataDir, 'nowhere'), 10), [])
  const times = [1_790_000_000_123, 1_700_000_000_000, 1_795_000_000_001]
  for (const time of times) await email.send(at(time, { address: `at-${time}@example.com` }))
  writeFileSync(join(dataDir, 'mail', 'notes.txt'), 'mine')
  writeFileSync(join(dataDir, 'mail', '20990101T000000000Z-x.eml.abcdef'), 'half')
  const listed = await listMail(dataDir, 10)
  assert.deepEqual(
    listed.map((one) => one.at),
    times.toSorted().reverse(),
  )
  assert.deepEqual(listed[0], {
    file: files().find((name) => name.startsWith('2026111')),
    to: 'at-1795000000001@example.com',
    subject: 'New message from ada in The Whisky Club',
    at: 1_795_000_000_001,
  })
  assert.equal((await listMail(dataDir, 2)).length, 2)
  assert.deepEqual(
    (await listMail(dataDir, 2)).map((one) => one.at),
    listed.slice(0, 2).map((one) => one.at),
  )
  assert.deepEqual(await listMail(dataDir, 0), [])
})

test('the newest 1,000 are kept, looked after now and then; what is not ours is left alone', async () => {
  const folder = join(dataDir, 'mail')
  mkdirSync(folder)
  const old = (n: number) => `20200101T0000${String(n).padStart(5, '0')}Z-x.eml`
  for (let n = 0; n < 1_050; n++) writeFileSync(join(folder, old(n)), '')
  writeFileSync(join(folder, '20190101T000000000Z-notes.txt'), 'mine')
  const mails = () => files().filter((name) => name.endsWith('.eml'))
  await email.send(letter())
  assert.equal(mails().length, 1_000)
  assert.deepEqual(mails().sort().slice(0, 1), [old(51)])
  for (let n = 0; n < 99; n++) await email.send(letter())
  assert.equal(mails().length, 1_099)
  await email.send(letter())
  assert.equal(mails().length, 1_000)
  assert.equal((await listMail(dataDir, 101)).filter(({ to }) => to === 'tom@example.com').length, 101)
  assert.equal(files().length, 1_001)
})

test('a letter that cannot be composed is the caller’s to know of', async () => {
  await assert.rejects(email.send({ ...letter(), recipient: { key: -1, id: '', username: '' } }), RangeError)
})

test('a mail is read by the name that the list gives, and nothing else is', async () => {
  await email.send(letter())
  const [mail] = await listMail(dataDir, 1)
  const raw = readFileSync(join(dataDir, 'mail', mail!.file), 'utf8')
  assert.equal(await readMail(dataDir, mail!.file), raw)
  writeFileSync(join(dataDir, 'secret.eml'), 'secret')
  writeFileSync(join(dataDir, 'mail', 'notes.txt'), 'mine')
  for (const name of [
    '',
    '.',
    '../secret.eml',
    `x/../${mail!.file}`,
    `./${mail!.file}`,
    'notes.txt',
    `${mail!.file}\0`,
  ])
    assert.equal(await readMail(dataDir, name), null, name)
  assert.equal(await readMail(dataDir, mail!.file.replace(/^\d{4}/, '2001')), null)
})

test('subject and address are listed as a mail client shows them', async () => {
  const name = fc.string({ unit: fc.constantFrom(...'aZ ü漢👍🏽"<>,=?_&\\'), maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(name, name, async (sender, recipient) => {
      rmSync(join(dataDir, 'mail'), { recursive: true, force: true })
      await email.send(letter({ sender, recipient, address: 'tom+x@example.com' }))
      const [mail] = await listMail(dataDir, 1)
      const parsed = await simpleParser(readFileSync(join(dataDir, 'mail', mail!.file)))
      assert.equal(mail?.subject, parsed.subject)
      assert.equal(mail?.to, 'tom+x@example.com')
    }),
    { numRuns: 60 },
  )
})
