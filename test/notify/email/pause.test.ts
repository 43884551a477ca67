import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Outcome } from '../../../src/domain/delivery.ts'
import { createEmail } from '../../../src/notify/email/index.ts'
import { createPause, type Pass } from '../../../src/notify/email/pause.ts'
import { letter, links } from '../letters.ts'
import { startSmtp } from '../smtp-service.ts'

/** A pause whose clock is set by hand. */
function paused() {
  const told: (number | null)[] = []
  const clock = { ms: 0 }
  const pause = createPause({ now: () => clock.ms, told: (ms) => told.push(ms) })
  const pass = (): Pass => {
    const entered = pause.enter()
    assert.ok(typeof entered !== 'number', `to wait ${entered} ms`)
    return entered
  }
  return { pause, clock, told, pass }
}

test('a server that cannot be reached is left alone for 1 s, then 2, 4, 8, 16 and 30, with one probe each time', () => {
  const { pause, clock, told, pass } = paused()
  pass().done('unreachable')
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    assert.equal(pause.enter(), seconds * 1_000)
    clock.ms += seconds * 1_000 - 1
    assert.equal(pause.enter(), 1)
    clock.ms += 1
    const probe = pass()
    assert.equal(pause.enter(), 1_000, 'one at a time')
    probe.done('unreachable')
  }
  assert.deepEqual(told, [1_000], 'the operator is told once')
})

test('an answer ends the pause, and the next one starts at 1 s again', () => {
  const { pause, clock, told, pass } = paused()
  pass().done('unreachable')
  clock.ms = 1_000
  pass().done('unreachable')
  clock.ms = 3_000
  pass().done('answered')
  const [one, other] = [pass(), pass()]
  one.done('answered')
  other.done('unreachable')
  assert.equal(pause.enter(), 1_000)
  assert.deepEqual(told, [1_000, null, 1_000])
})

test('letters that were on their way when the pause began make it no longer', () => {
  const { pause, pass } = paused()
  const passes = Array.from({ length: 10 }, pass)
  for (const one of passes) one.done('unreachable')
  assert.equal(pause.enter(), 1_000)
})

test('a letter from before that was answered after all ends the pause; one that was not says nothing of the probe', () => {
  const { pause, clock, pass } = paused()
  const [early, slow, failing] = [pass(), pass(), pass()]
  failing.done('unreachable')
  early.done('answered')
  pass().done('answered')
  pass().done('unreachable')
  clock.ms = 1_000
  const probe = pass()
  slow.done('unreachable')
  assert.equal(pause.enter(), 1_000, 'the probe is still out')
  probe.done('answered')
  pass()
})

test('lines that break pause nothing while others work; three in a row do', () => {
  const { pause, pass } = paused()
  for (let i = 0; i < 10; i++) {
    pass().done('cut')
    pass().done('cut')
    pass().done('answered')
  }
  for (let i = 0; i < 3; i++) pass().done('cut')
  assert.equal(pause.enter(), 1_000)
})

const emailTo = (url: string, log: string[], firstMs = 20) =>
  createEmail({
    mail: { mailFrom: null, smtpUrl: url },
    dataDir: '/nowhere',
    publicUrl: 'https://snug.example',
    links,
    log: (line) => log.push(line),
    waits: { firstMs, longestMs: 2 * firstMs },
  })

test('with the server away letters are answered at once, and all go out once it is there', async (t) => {
  const first = await startSmtp({ tls: 'none' })
  const { port } = first
  await first.close()
  const log: string[] = []
  // Far longer than a thousand letters take to be answered.
  const email = emailTo(`smtp://127.0.0.1:${port}`, log, 1_000)
  t.after(email.close)
  assert.match(wordsOf(await email.send(letter())), /ECONNREFUSED/)
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => email.send(letter())))
  assert.ok(outcomes.every((one) => one.kind === 'paused' && one.afterMs > 0 && one.afterMs <= 1_000))
  const back = await startSmtp({ tls: 'none', port })
  t.after(back.close)
  await until(async () => (await email.send(letter())).kind === 'sent')
  assert.deepEqual(await email.send(letter()), { kind: 'sent' })
  assert.equal(log.length, 2)
  assert.match(log[0]!, /^email: the SMTP server at 127\.0\.0\.1:\d+ cannot be reached \(.*ECONNREFUSED/)
  assert.match(log[1]!, /works again$/)
})

test('a server that takes the line and says nothing stops few letters, not all', async (t) => {
  const service = await startSmtp({ tls: 'none' })
  t.after(service.close)
  service.behave({ kind: 'hang', at: 'greeting' })
  const email = emailTo(`${service.url}?greetingTimeout=400`, [])
  t.after(email.close)
  await Promise.all(Array.from({ length: 10 }, () => email.send(letter())))
  const lines = service.lines()
  await Promise.all(Array.from({ length: 1_000 }, () => email.send(letter())))
  assert.ok(service.lines() - lines <= 3, `${service.lines() - lines} lines for 1,000 letters`)
  service.behave({ kind: 'accept' })
  await until(async () => (await email.send(letter())).kind === 'sent')
})

test('a mail that is refused pauses nothing', async (t) => {
  const service = await startSmtp({ tls: 'none' })
  t.after(service.close)
  service.behave({ kind: 'refuse', at: 'rcpt', code: 450, words: '4.2.1 Later' })
  const email = emailTo(service.url, [])
  t.after(email.close)
  for (let i = 0; i < 5; i++) assert.match(wordsOf(await email.send(letter())), /^450/)
})

test('the log has codes alone, since servers repeat addresses; the outcome has their words', async (t) => {
  const service = await startSmtp({ tls: 'none' })
  t.after(service.close)
  service.behave({ kind: 'refuse', at: 'greeting', code: 554, words: '5.7.1 tom@example.com is not welcome' })
  const log: string[] = []
  const email = emailTo(service.url, log)
  t.after(email.close)
  assert.match(wordsOf(await email.send(letter())), /554 5\.7\.1 tom@example\.com is not welcome/)
  assert.equal(log.length, 1)
  assert.match(log[0]!, /cannot be reached \(\w+ 554 5\.7\.1\)$/)
})

test('a letter that cannot be composed is the caller’s to know of, and pauses nothing', async (t) => {
  const service = await startSmtp({ tls: 'none' })
  t.after(service.close)
  const email = emailTo(service.url, [])
  t.after(email.close)
  const broken = { ...letter(), recipient: { key: -1, id: 'tom', username: 'tom' } }
  for (let i = 0; i < 4; i++) await assert.rejects(email.send(broken), RangeError)
  assert.deepEqual(await email.send(letter()), { kind: 'sent' })
})

function wordsOf(outcome: Outcome): string {
  return 'words' in outcome ? outcome.words : ''
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'not within 20 s')
    await setTimeout(5)
  }
}
