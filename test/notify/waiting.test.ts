import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simpleParser } from 'mailparser'
import { newWorld, put, reachable, setTo, until, untilQueued, untilTold, why } from './world.ts'

// One person, many messages: what waits, what goes out together, and what reading withdraws (CONTRACT §5).

const world = await newWorld()
// Long enough for the steps of a test between the first message and its email, short enough to wait for.
const snug = await world.snug({ SNUG_EMAIL_DELAY: '2' })
await snug.users('creator')
await snug.community('c', 'creator')

const member = async (id: string) => {
  const endpoint = await reachable(snug, world.push, id)
  await snug.member('c', id)
  return endpoint
}
const emailsTo = (id: string) => world.smtp.received.filter(({ to }) => to.includes(`${id}@example.com`))
const pushesTo = (endpoint: string) => world.push.received.filter((push) => push.endpoint === endpoint)
const idOf = (messageId: string) => messageId.split('@')[0]
const around = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16)
const QUIET_NOW = `${around(-120)}-${around(120)}`

test('SNUG_EMAIL_DELAY: one email for all that is still unread of a conversation, pushes at once', async () => {
  const endpoint = await member('gathered')
  await member('other')
  const sent = []
  for (const text of ['One', 'Two', 'Three']) sent.push(await snug.send('c', 'creator', 'gathered', text))
  await snug.send('c', 'creator', 'other', 'Another conversation')
  await untilQueued(snug)
  assert.equal((await why(snug, sent[0]!.id)).email, 'held: email_delay')
  await until(() => emailsTo('gathered').length > 0 && emailsTo('other').length > 0)
  await untilTold(snug)
  const [mail, ...more] = emailsTo('gathered')
  assert.deepEqual(more, [])
  assert.equal(idOf(mail!.messageId), sent[2]!.id)
  const { text = '', subject } = await simpleParser(mail!.raw)
  assert.ok(text.indexOf('One') < text.indexOf('Two') && text.indexOf('Two') < text.indexOf('Three'), text)
  assert.match(subject ?? '', /^3 new messages/)
  assert.equal(emailsTo('other').length, 1)
  assert.equal(pushesTo(endpoint).length, 3)
  for (const { id } of sent) assert.deepEqual(await why(snug, id), { email: 'sent', push: 'sent' })
})

test('what has been read is left out of the email, and what has been read whole makes none', async () => {
  await member('half')
  await member('whole')
  const half = [
    await snug.send('c', 'creator', 'half', 'Read'),
    await snug.send('c', 'creator', 'half', 'Unread'),
  ]
  const whole = await snug.send('c', 'creator', 'whole', 'Read as well')
  const read = async (id: string, message_id: string) => {
    const path = '/api/v1/communities/c/messages/creator/read'
    assert.equal((await snug.call('POST', path, { as: id, body: { message_id } })).status, 200)
  }
  await read('half', half[0]!.id)
  await read('whole', whole.id)
  // Withdrawn by the reading, not first when its time comes.
  await until(async () => (await why(snug, whole.id)).email === 'skipped: read')
  await until(() => emailsTo('half').length > 0)
  await untilTold(snug)
  assert.equal(emailsTo('half').length, 1)
  const { text = '' } = await simpleParser(emailsTo('half')[0]!.raw)
  assert.ok(text.includes('Unread') && !text.includes('    Read\n'), text)
  assert.equal(emailsTo('whole').length, 0)
  assert.equal((await why(snug, half[0]!.id)).email, 'skipped: read')
})

test('messages.email_delay is each user’s own choice, and a new choice holds for what waits already', async () => {
  await member('at-once')
  await setTo(snug, 'at-once', 'messages.email_delay', '0')
  await snug.send('c', 'creator', 'at-once', 'First')
  await untilTold(snug)
  await snug.send('c', 'creator', 'at-once', 'Second')
  await untilTold(snug)
  assert.equal(emailsTo('at-once').length, 2)

  await member('daily')
  await put(snug, 'users/daily', { username: 'daily', time_zone: 'Asia/Tokyo' })
  await setTo(snug, 'daily', 'messages.email_delay', 'daily')
  const first = await snug.send('c', 'creator', 'daily', 'Waits for the morning')
  await snug.send('c', 'creator', 'daily', 'This too')
  await untilQueued(snug)
  const answer = await snug.call('GET', `/service/v1/notifications?message_id=${first.id}`, { service: true })
  const [email] = answer.body.data
  assert.deepEqual([email.status, email.reason, email.sent_at], ['held', 'email_delay', null])
  assert.match(email.held_until, /T23:00:00Z$/, '08:00 in Tokyo')
  assert.equal(emailsTo('daily').length, 0)
  await setTo(snug, 'daily', 'messages.email_delay', '0')
  await until(() => emailsTo('daily').length > 0)
  await untilTold(snug)
  assert.equal(emailsTo('daily').length, 1, 'they had been gathered')
})

test('quiet hours hold pushes, and then they are sent as one', async () => {
  const endpoint = await member('asleep')
  await setTo(snug, 'asleep', 'messages.quiet_hours', QUIET_NOW)
  await snug.users('creator-2')
  await snug.community('c2', 'creator-2')
  await snug.member('c2', 'asleep')
  const sent = [
    await snug.send('c', 'creator', 'asleep', 'One'),
    await snug.send('c', 'creator', 'asleep', 'Two'),
    await snug.send('c2', 'creator-2', 'asleep', 'Three'),
  ]
  await untilQueued(snug)
  const answer = await snug.call('GET', `/service/v1/notifications?message_id=${sent[0]!.id}`, {
    service: true,
  })
  const push = answer.body.data[1]
  assert.deepEqual([push.channel, push.status, push.reason], ['push', 'held', 'quiet_hours'])
  assert.equal(push.held_until.slice(11, 16), QUIET_NOW.slice(6))
  assert.equal(pushesTo(endpoint).length, 0)
  await setTo(snug, 'asleep', 'messages.quiet_hours', '')
  await until(() => pushesTo(endpoint).length > 0)
  await untilTold(snug)
  const [one, ...more] = pushesTo(endpoint)
  assert.deepEqual(more, [])
  assert.match(one!.note.title, /^3 new messages/)
  assert.equal(one!.note.data.message_id, sent[2]!.id)
  assert.equal(one!.note.badge, 3)
  for (const { id } of sent) assert.equal((await why(snug, id)).push, 'sent')
})

test('what was held is judged again: a read message is not told in the morning', async () => {
  const endpoint = await member('early')
  await setTo(snug, 'early', 'messages.quiet_hours', QUIET_NOW)
  const sent = [
    await snug.send('c', 'creator', 'early', 'One'),
    await snug.send('c', 'creator', 'early', 'Two'),
  ]
  await untilQueued(snug)
  const path = '/api/v1/communities/c/messages/creator/read'
  await snug.call('POST', path, { as: 'early', body: { message_id: sent[0]!.id } })
  await until(async () => (await why(snug, sent[0]!.id)).push === 'skipped: read')
  await setTo(snug, 'early', 'messages.quiet_hours', '')
  await until(() => pushesTo(endpoint).length > 0)
  await untilTold(snug)
  assert.deepEqual(
    pushesTo(endpoint).map(({ note }) => [note.title, note.body, note.badge]),
    [['name of creator', 'Two', 1]],
  )
})

test('the badge counts what is unread in all communities', async () => {
  const endpoint = await member('busy')
  await snug.users('creator-3')
  await snug.community('c3', 'creator-3')
  await snug.member('c3', 'busy')
  for (const text of ['One', 'Two']) await snug.send('c', 'creator', 'busy', text)
  await untilTold(snug)
  await snug.send('c3', 'creator-3', 'busy', 'Three')
  await until(() => pushesTo(endpoint).length === 3)
  assert.equal(pushesTo(endpoint).at(-1)?.note.badge, 3)
})
