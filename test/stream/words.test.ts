import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCursors, KEPT_US } from '../../src/realtime/cursor.ts'
import { frameOf } from '../../src/realtime/frame.ts'
import { createTypingGate } from '../../src/realtime/typing.ts'
import { readNote, type TypingNote, writeChanges, writeMark, writeTyping } from '../../src/realtime/wire.ts'
import { OUTBOX_KINDS, type OutboxRow } from '../../src/store/outbox.ts'

// Ids of events, what servers tell each other, frames, and how often somebody may be told that somebody writes.

const NOW = Date.UTC(2026, 0, 1) * 1_000

test('an id says until when all has been told, to its own installation', () => {
  const moment = fc.integer({ min: NOW - KEPT_US, max: NOW + 60_000_000 })
  fc.assert(
    fc.property(moment, (until) => {
      const cursors = createCursors('abc123')
      const id = cursors.next(until)
      assert.deepEqual(cursors.read(id, NOW), { until })
      assert.equal(createCursors('abc124').read(id, NOW), null)
      assert.notEqual(cursors.next(until), id)
      assert.match(id, /^[!-~]{1,40}$/)
    }),
  )
})

test('an id that is too old, of the future or none at all is not read', () => {
  const cursors = createCursors('abc123')
  for (const until of [0, NOW - KEPT_US - 1, NOW + 60_000_001, 2 ** 53 - 1])
    assert.equal(cursors.read(cursors.next(until), NOW), null)
  const good = cursors.next(NOW)
  for (const id of [
    '',
    good.slice(1),
    `${good}-`,
    good.toUpperCase(),
    good.replace('-', '--'),
    `${good}\n`,
    ` ${good}`,
  ])
    assert.equal(cursors.read(id, NOW), null, JSON.stringify(id))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
      assert.equal(cursors.read(text, NOW), null)
    }),
  )
})

const key = fc.integer({ min: 0, max: 2 ** 40 })
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const rows: fc.Arbitrary<OutboxRow[]> = fc.array(
  fc.record(
    {
      kind: fc.constantFrom(...OUTBOX_KINDS),
      communityKey: key,
      lowKey: key,
      highKey: key,
      messageId: orNull(fc.uuid()),
      position: orNull(fc.integer({ min: 0, max: 1_000_000 })),
      userKey: orNull(key),
      conversationId: orNull(fc.uuid()),
      change: orNull(key),
      changedAt: orNull(fc.integer({ min: 0, max: 2 ** 53 - 1 })),
      previousAt: orNull(fc.integer({ min: 0, max: 2 ** 53 - 1 })),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 200 },
)

test('changes are told whole, in order, in texts that PostgreSQL takes', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const payloads = writeChanges(all)
      for (const payload of payloads) assert.ok(Buffer.byteLength(payload) < 8_000)
      const read = payloads.map(readNote).flatMap((note) => (note?.kind === 'changes' ? note.rows : []))
      assert.deepEqual(read, all)
    }),
  )
})

test('who writes is told within what PostgreSQL takes, and marks come back as they were', () => {
  const longest = '~'.repeat(64)
  const typing = { communityId: longest, typerId: longest, typerKey: 2 ** 50, otherKey: 2 ** 50 }
  assert.ok(writeTyping(typing).length < 8_000)
  assert.deepEqual(readNote(writeTyping(typing)), { kind: 'typing', typing })
  assert.deepEqual(readNote(writeMark('abc')), { kind: 'mark', mark: 'abc' })
})

test('what is not of ours, or of a version to come, is passed over', () => {
  for (const text of [
    '',
    'x',
    'hello',
    'c',
    'c{}',
    'c[',
    'c[1]',
    'c[null]',
    'c[[99,1,2,3]]',
    't',
    't{',
    't1',
    '\u0000',
  ]) {
    const note = readNote(text)
    assert.ok(note === null || (note.kind === 'changes' && note.rows.length === 0), JSON.stringify(text))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      readNote(text)
    }),
  )
})

test('a text is one event, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (username) => {
      const data = { user_id: username, server_time: '2026-01-01T00:00:00Z' }
      const { text, json } = frameOf('ready', 'id-1', data)
      const lines = String(text).split(/\r\n|\n|\r/)
      assert.deepEqual(lines.slice(0, 2), ['id: id-1', 'event: ready'])
      assert.deepEqual(lines.slice(3), ['', ''])
      const held = JSON.parse(JSON.stringify(data))
      assert.deepEqual(JSON.parse((lines[2] as string).replace(/^data: /, '')), held)
      assert.deepEqual(JSON.parse(String(json)), { id: 'id-1', event: 'ready', data: held })
    }),
  )
})

test('somebody who writes is told of at most once in 3 seconds, for each pair', () => {
  const note = fc.record(
    {
      communityId: fc.constantFrom('a', 'b'),
      typerId: fc.constant('typer'),
      typerKey: fc.constantFrom(1, 2),
      otherKey: fc.constantFrom(3, 4),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(note, fc.integer({ min: 0, max: 4_000 }))), (notes) => {
      let now = 0
      const gate = createTypingGate(() => now)
      const last = new Map<string, number>()
      for (const [one, wait] of notes) {
        now += wait
        const pair = `${one.communityId} ${one.typerKey} ${one.otherKey}`
        const due = now - (last.get(pair) ?? Number.NEGATIVE_INFINITY) >= 3_000
        assert.equal(gate(one), due)
        if (due) last.set(pair, now)
      }
    }),
  )
})

test('the gate does not grow: beyond 50,000 pairs at once the oldest are forgotten', () => {
  const gate = createTypingGate(() => 0)
  const pair = (otherKey: number): TypingNote => ({ communityId: 'a', typerId: 't', typerKey: 1, otherKey })
  for (let i = 0; i < 50_000; i++) gate(pair(i))
  assert.equal(gate(pair(0)), false)
  gate(pair(50_000))
  assert.equal(gate(pair(0)), true)
})
