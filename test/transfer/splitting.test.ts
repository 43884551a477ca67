import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINE_MAX } from '../../contract/transfer.ts'
import { linesOf, type RawLine, TOO_LONG, untilAborted } from '../../src/actions/import-lines.ts'
import { chunksOf } from './kit.ts'

async function split(...chunks: readonly (Uint8Array | string)[]): Promise<RawLine[]> {
  const lines: RawLine[] = []
  for await (const block of linesOf(chunksOf(...chunks))) lines.push(...block.lines)
  return lines
}
const texts = async (...chunks: readonly (Uint8Array | string)[]) =>
  (await split(...chunks)).map(({ number, text, fault }) => [number, text ?? fault])

const TEXT = 'é\n👩‍👩‍👧 𝄞\n\n  \nlast'
const LINES = [
  [1, 'é'],
  [2, '👩‍👩‍👧 𝄞'],
  [5, 'last'],
]

test('a chunk may end anywhere, inside a character too', async () => {
  const bytes = Buffer.from(TEXT)
  for (let cut = 0; cut <= bytes.length; cut++)
    assert.deepEqual(await texts(bytes.subarray(0, cut), bytes.subarray(cut)), LINES, `cut at ${cut}`)
  assert.deepEqual(await texts(...[...bytes].map((byte) => Uint8Array.of(byte))), LINES)
})

test('chunks of text may end anywhere, between the halves of a surrogate pair too', async () => {
  for (let cut = 0; cut <= TEXT.length; cut++)
    assert.deepEqual(await texts(TEXT.slice(0, cut), TEXT.slice(cut)), LINES, `cut at ${cut}`)
})

test('a byte order mark, carriage returns and blank lines are passed over; the last line needs no end', async () => {
  assert.deepEqual(await texts('\ufeffa\r\n\r\n\nb'), [
    [1, 'a\r'],
    [4, 'b'],
  ])
  assert.deepEqual(await texts('a\n\ufeffb\n'), [
    [1, 'a'],
    [2, '\ufeffb'],
  ])
  assert.deepEqual(await texts(), [])
  assert.deepEqual(await texts('\n\n'), [])
})

test('a line over 64 KiB is a fault of that line, however it comes', async () => {
  const longest = 'x'.repeat(LINE_MAX)
  assert.deepEqual(await texts(`a\n${longest}\nb\n`), [
    [1, 'a'],
    [2, longest],
    [3, 'b'],
  ])
  const expected = [
    [1, 'a'],
    [2, TOO_LONG],
    [3, 'b'],
  ]
  assert.deepEqual(await texts(`a\n${longest}x\nb\n`), expected)
  assert.deepEqual(await texts('a\n', longest, 'x', longest, '\nb\n'), expected)
  assert.deepEqual(await texts('a\n', longest, 'x'), expected.slice(0, 2))
})

test('bytes that are not UTF-8 are a fault of their line', async () => {
  const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xc3, 0x28]), Buffer.from('\nb')])
  assert.deepEqual(await texts(bytes), [
    [1, 'a'],
    [2, 'Invalid JSON'],
    [3, 'b'],
  ])
})

test('an abort ends the wait for a chunk that never comes', async () => {
  const controller = new AbortController()
  const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
  const reading = untilAborted(never, controller.signal).next()
  controller.abort(new Error('enough'))
  await assert.rejects(reading, /enough/)
})
