import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noteOf } from '../../../src/notify/push/note.ts'
import { messageOf, pushOf } from './kit.ts'

test("the sender is the title, the newest message's first 140 characters the body", () => {
  const messages = [messageOf('the older'), messageOf(`${'ab'.repeat(70)}c`)] as const
  const note = noteOf(pushOf({ messages, badge: 12 }))
  assert.equal(note.title, 'tom')
  assert.equal(note.body, 'ab'.repeat(70))
  assert.equal(note.badge, 12)
  assert.deepEqual(note.data, {
    community_id: 'bakers',
    conversation_id: '01890000-0000-7000-8000-00000000000c',
    message_id: messages[1].id,
    sender_id: 'tom',
  })
})

test('characters are code points, and what is seen as one is not cut', () => {
  assert.equal(noteOf(pushOf({ text: '😀'.repeat(150) })).body, '😀'.repeat(140))
  const family = '👩‍👩‍👧‍👦'
  assert.equal(noteOf(pushOf({ text: `${'x'.repeat(136)}${family}` })).body, 'x'.repeat(136))
  assert.equal(
    noteOf(pushOf({ text: `${'x'.repeat(133)}${family}y` })).body,
    `${'x'.repeat(133)}${family}`,
    'exactly 140',
  )
  assert.equal(noteOf(pushOf({ text: `${'x'.repeat(139)}e\u0301` })).body, 'x'.repeat(139))
  const tower = `e${'\u0301'.repeat(500)}`
  assert.equal(noteOf(pushOf({ text: tower })).body, tower.slice(0, 140), 'one that is longer than all')
  assert.equal(noteOf(pushOf({ text: '\ud800 alone' })).body, '\ufffd alone')
})

test('what was held says how much it is, and from whom', () => {
  const of = (count: number, ...senders: string[]) => {
    const { title, body } = noteOf(pushOf({ count, senders, text: 'the newest' }))
    return `${title}: ${body}`
  }
  assert.equal(of(3, 'tom'), 'tom: 3 new messages: the newest')
  assert.equal(of(3, 'tom', 'tom'), 'tom: 3 new messages: the newest')
  assert.equal(of(2, 'ada', 'robin'), '2 new messages: From ada and robin')
  assert.equal(of(9, 'ada', 'robin', 'sam'), '9 new messages: From ada, robin and sam')
  assert.equal(of(12, 'ada', 'robin', 'c', 'd', 'e'), '12 new messages: From ada, robin and 3 others')
})

test('a thread is 32 characters of base64url, its own for each conversation, and none of theirs for what is of several', () => {
  const { thread } = noteOf(pushOf())
  assert.match(thread, /^[\w-]{32}$/)
  assert.equal(noteOf(pushOf({ text: 'another' })).thread, thread)
  assert.notEqual(noteOf(pushOf({ conversationId: 'other' })).thread, thread)
  assert.notEqual(noteOf(pushOf({ count: 2, senders: ['ada', 'tom'] })).thread, thread)
})

test('whatever names and messages are, a note fits with every service', () => {
  const long = '\u0001'.repeat(5000)
  const wide = '👩‍👩‍👧‍👦'.repeat(1000)
  for (const name of [long, wide]) {
    const senders = [name, `${name}2`, `${name}3`]
    for (const count of [1, 1_000_000]) {
      const sender = { id: 'i'.repeat(64), username: name, avatarUrl: null }
      const community = { id: 'i'.repeat(64), name }
      const push = pushOf({ text: name, count, sender, community, senders: count > 1 ? senders : [name] })
      const bytes = Buffer.byteLength(JSON.stringify(noteOf(push)))
      assert.ok(bytes < 3000, `${bytes} bytes`)
    }
  }
})
