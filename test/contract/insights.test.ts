import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract, told } from './client.ts'

// GET …/insights: how a creator's conversations go.

const snug = await newContract()
await snug.users('ada', 'bob', 'cyd', 'dan', 'eve')
await snug.community('c', 'ada')
for (const id of ['bob', 'cyd', 'dan']) await snug.member('c', id)

const DAY_MS = 86_400_000
const noon = (daysAgo: number, minutes = 0) => {
  const day = new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10)
  return new Date(Date.parse(`${day}T12:00:00Z`) + minutes * 60_000).toISOString().replace('.000', '')
}

async function wrote(
  lines: readonly (readonly [from: string, to: string, at: string])[],
  community_id = 'c',
): Promise<void> {
  const raw = lines
    .map(([sender_id, recipient_id, created_at], i) =>
      JSON.stringify({
        type: 'message',
        community_id,
        sender_id,
        recipient_id,
        content: `line ${i}`,
        created_at,
      }),
    )
    .join('\n')
  const answer = await snug.ask('POST', '/service/v1/import', { service: true, raw })
  assert.deepEqual(answer.body.errors, [])
}

const own = (as: string, query: Record<string, string> = {}, community = 'c') =>
  snug.ask('GET', `/api/v1/communities/${community}/insights`, { as, query })
const replied = (body: { reply_times_by_week: { replies: number; median_seconds: number | null }[] }) =>
  body.reply_times_by_week.filter((one) => one.replies > 0)
const waiting = (body: { awaiting_reply_by_age: { conversations: number }[] }) =>
  body.awaiting_reply_by_age.map((one) => one.conversations)
const days = (body: { messages_by_day: { day: string; received: number; sent: number }[] }) =>
  body.messages_by_day.filter((one) => one.received + one.sent > 0)

test('nothing yet: every day and week is there, all of them empty', async () => {
  const { status, body } = await own('ada')
  assert.equal(status, 200)
  assert.equal(body.complete, true)
  assert.equal(body.messages_by_day.length, 90)
  assert.equal(body.messages_by_day.at(-1).day, new Date().toISOString().slice(0, 10))
  assert.equal(body.reply_times_by_week.length, 13)
  for (const { week } of body.reply_times_by_week) assert.equal(new Date(week).getUTCDay(), 1)
  assert.deepEqual(days(body), [])
  assert.ok(body.reply_times_by_week.every((one: { median_seconds: unknown }) => one.median_seconds === null))
})

test('messages of each day, received and sent, and the median time from a question to its answer', async () => {
  await wrote([
    ['bob', 'ada', noon(8)],
    ['bob', 'ada', noon(8, 5)],
    ['ada', 'bob', noon(8, 10)],
    ['ada', 'bob', noon(8, 50)],
    ['bob', 'ada', noon(7)],
    ['ada', 'bob', noon(7, 30)],
    ['cyd', 'ada', noon(7)],
    ['ada', 'cyd', noon(7, 60)],
    // Beyond the range.
    ['dan', 'ada', noon(120)],
    ['ada', 'dan', noon(119)],
  ])
  const { body } = await own('ada')
  assert.deepEqual(days(body), [
    { day: noon(8).slice(0, 10), received: 2, sent: 2 },
    { day: noon(7).slice(0, 10), received: 2, sent: 2 },
  ])
  const replies = replied(body)
  assert.equal(
    replies.reduce((sum, one) => sum + one.replies, 0),
    3,
  )
  // 10, 30 and 60 minutes, in one week or in two.
  assert.deepEqual(
    replies.map((one) => one.median_seconds),
    replies.length === 1 ? [1_800] : [600, 2_700],
  )
})

test('a question from before the time that is told of is answered after its whole time, and none before it was asked', async () => {
  await snug.community('late', 'ada')
  for (const id of ['bob', 'cyd', 'dan']) await snug.member('late', id)
  const lines = [
    ['bob', 'ada', noon(100)],
    ['ada', 'bob', noon(70)],
    // An import may hold any order of times.
    ['cyd', 'ada', noon(30)],
    ['ada', 'cyd', noon(31)],
    // Nobody asked.
    ['ada', 'dan', noon(10)],
  ] as const
  await wrote(lines, 'late')
  const { body } = await own('ada', {}, 'late')
  assert.deepEqual(
    replied(body).map(({ replies, median_seconds }) => [replies, median_seconds]),
    [
      [1, 30 * 86_400],
      [1, 0],
    ],
  )
})

test('days are of the time zone that is asked for', async () => {
  await wrote([['dan', 'ada', `${noon(2).slice(0, 10)}T23:30:00Z`]])
  const dayIn = async (time_zone: string) => days((await own('ada', { time_zone })).body).at(-1)?.day
  assert.equal(await dayIn('UTC'), noon(2).slice(0, 10))
  assert.equal(await dayIn('Asia/Tokyo'), noon(1).slice(0, 10))
  // What PostgreSQL takes for Israel's standard time.
  assert.equal(await dayIn('IST'), noon(1).slice(0, 10))
  const { since, messages_by_day, reply_times_by_week } = (await own('ada', { time_zone: 'Asia/Tokyo' })).body
  const first = [messages_by_day[0].day, reply_times_by_week[0].week].sort()[0]
  assert.equal(since, new Date(`${first}T00:00:00+09:00`).toISOString().replace('.000', ''))
  const wrong = await own('ada', { time_zone: 'Mars/Olympus' })
  assert.deepEqual(told(wrong), {
    status: 422,
    body: { message: ['Time zone must be an IANA name such as Europe/Lisbon'] },
  })
})

test('what waits for an answer, by age; a block takes it out', async () => {
  await snug.send('c', 'bob', 'ada', 'now')
  const ages = async () => waiting((await own('ada')).body)
  // bob now, dan the day before yesterday, late.
  assert.deepEqual(await ages(), [1, 0, 1, 0, 0, 0])
  const before = days((await own('ada')).body).length
  await snug.block('c', 'dan')
  assert.deepEqual(await ages(), [1, 0, 0, 0, 0, 0])
  assert.equal(days((await own('ada')).body).length, before - 1)
  await snug.unblock('c', 'dan')
  await snug.send('c', 'ada', 'bob', 'answered')
  assert.deepEqual(await ages(), [0, 0, 1, 0, 0, 0])
  // Off the list, it waits no more.
  await snug.send('c', 'cyd', 'ada', 'first')
  const { id } = await snug.send('c', 'cyd', 'ada', 'second')
  assert.deepEqual(await ages(), [1, 0, 1, 0, 0, 0])
  assert.equal((await snug.ask('DELETE', `${messagesPath('c')}/${id}`, { as: 'cyd' })).status, 200)
  assert.deepEqual(await ages(), [0, 0, 1, 0, 0, 0])
})

test('for the creator and the host alone; whoever leads next begins with nothing', async () => {
  const refused = { status: 403, body: { message: "You don't have permission to view insights" } }
  for (const as of ['bob', 'eve']) assert.deepEqual(told(await own(as)), refused)
  assert.deepEqual(told(await snug.ask('GET', '/api/v1/communities/no/insights', { as: 'ada' })), {
    status: 404,
    body: { message: 'Not Found' },
  })
  const host = (id: string) => snug.ask('GET', `/service/v1/communities/${id}/insights`, { service: true })
  assert.deepEqual((await host('c')).body, (await own('ada')).body)
  assert.equal((await host('no')).status, 404)
  assert.equal((await snug.ask('GET', '/service/v1/communities/c/insights', { as: 'ada' })).status, 401)
  await snug.community('c', 'eve')
  assert.deepEqual(told(await own('ada')), refused)
  assert.deepEqual(days((await own('eve')).body), [])
})

test('what a creator wrote while a member belongs to the creator of then', async () => {
  await snug.community('handed', 'ada')
  for (const id of ['eve', 'bob']) await snug.member('handed', id)
  await snug.send('handed', 'eve', 'ada', 'as a member')
  await snug.send('handed', 'ada', 'eve', 'to a member')
  await snug.community('handed', 'eve')
  const before = (await own('eve', {}, 'handed')).body
  assert.deepEqual([days(before), waiting(before)], [[], [0, 0, 0, 0, 0, 0]])
  await snug.send('handed', 'bob', 'eve', 'as a creator')
  const after = (await own('eve', {}, 'handed')).body
  assert.deepEqual(
    days(after).map(({ received, sent }) => [received, sent]),
    [[1, 0]],
  )
  assert.deepEqual(waiting(after), [1, 0, 0, 0, 0, 0])
})

test('a long conversation is looked at from its end: the figures say from when on they are complete', async () => {
  await snug.community('long', 'ada')
  await snug.member('long', 'bob')
  const at = (i: number) => new Date(Date.parse(noon(20)) + i * 60_000).toISOString().replace('.000', '')
  const raw = Array.from({ length: 600 }, (_, i) =>
    JSON.stringify({
      ...{ type: 'message', community_id: 'long', content: `line ${i}`, created_at: at(i) },
      ...(i % 2 === 0
        ? { sender_id: 'bob', recipient_id: 'ada' }
        : { sender_id: 'ada', recipient_id: 'bob' }),
    }),
  ).join('\n')
  await snug.ask('POST', '/service/v1/import', { service: true, raw })
  const { body } = await own('ada', {}, 'long')
  assert.equal(body.complete, false)
  // After the oldest that was looked at: another of its second may be the one before.
  assert.equal(body.since, new Date(Date.parse(at(100)) + 1_000).toISOString().replace('.000', ''))
  assert.equal(
    days(body).reduce((sum, one) => sum + one.received + one.sent, 0),
    500,
  )
  // 250 replies, but when the first question was asked is not known.
  assert.equal(
    replied(body).reduce((sum, one) => sum + one.replies, 0),
    249,
  )
  assert.ok(replied(body).every((one) => one.median_seconds === 60))
})
