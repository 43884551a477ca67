import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { wordsOf } from '../../src/notify/words.ts'

test('words are one line, with nothing in them that is not seen', () => {
  assert.equal(wordsOf('550-5.1.1 No\r\n550 5.1.1 \0such\u2029user '), '550-5.1.1 No 550 5.1.1 such user')
  assert.equal(wordsOf(' a\r\nb\u0000\u001b[31mc\u2028d\u202e '), 'a b [31mc d')
  assert.equal(wordsOf('\n'.repeat(5000)), '')
  assert.equal(wordsOf('a\ud800b'), 'a\ufffdb')
})

test('words are at most 300 characters, and it is seen that there were more', () => {
  assert.equal(wordsOf('😀'.repeat(300)), '😀'.repeat(300))
  assert.equal(wordsOf('😀'.repeat(301)), `${'😀'.repeat(299)}…`)
})

test('whatever the words are, they can be kept, and cleaning them again changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 800 }), (text) => {
      const words = wordsOf(text)
      assert.ok(Array.from(words).length <= 300 && words.isWellFormed())
      assert.doesNotMatch(words, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\s\s|^\s|\s$/u)
      assert.equal(wordsOf(words), words)
    }),
  )
})
