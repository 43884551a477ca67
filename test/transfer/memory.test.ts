import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { newDatabase } from '../kit.ts'

const child = fileURLToPath(new URL('./memory-child.ts', import.meta.url))

test('200,000 lines go in and out through a heap that could not hold them', async () => {
  const url = await newDatabase()
  // 60 MB of lines come in. Held whole, as bytes they are more than what is left, and parsed more than the heap.
  const args = ['--max-old-space-size=128', child, url]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const told = JSON.parse(stdout)
  assert.equal(told.messages, 160_000)
  assert.equal(told.refused, 40_001)
  assert.equal(told.errors, 1_000)
  assert.ok(told.bytes > 45_000_000, `${told.bytes}`)
  assert.ok(told.largest < 100_000_000, `${told.largest}`)
})
