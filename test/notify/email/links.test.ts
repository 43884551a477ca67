import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLinks } from '../../../src/notify/email/links.ts'

const links = createLinks({ publicUrl: 'https://snug.example/inbox/', secret: 'one' })
const tokenOf = (url: string) => url.slice('https://snug.example/inbox/unsubscribe/'.length)

test('the thread link opens the conversation, whatever the ids hold', () => {
  assert.equal(
    links.thread('a b', 'c&d=/?#'),
    'https://snug.example/inbox/?community=a%20b&user=c%26d%3D%2F%3F%23',
  )
})

test('links are ASCII and stay so in a header, even with a public URL that is not', () => {
  const odd = createLinks({ publicUrl: 'https://bücher.example/"<x>\r\n?q=1#h', secret: 'one' })
  assert.match(odd.unsubscribe(1), /^https:\/\/xn--bcher-kva\.example\/%22%3Cx%3E\/unsubscribe\/[\w-]{32}$/)
})

test('an unsubscribe token gives back its user, and every change of it nobody', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.nat(31), fc.nat(63), (key, at, letter) => {
      const token = tokenOf(links.unsubscribe(key))
      assert.equal(links.readUnsubscribe(token), key)
      const other = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'[letter]!
      if (token[at] === other) return
      assert.equal(links.readUnsubscribe(token.slice(0, at) + other + token.slice(at + 1)), null)
    }),
  )
})

test('a token of another secret, or none at all, is nobody’s', () => {
  const other = createLinks({ publicUrl: 'https://snug.example/inbox', secret: 'two' })
  assert.equal(links.readUnsubscribe(tokenOf(other.unsubscribe(7))), null)
  const good = tokenOf(links.unsubscribe(7))
  for (const token of [
    '',
    'x',
    `${good}A`,
    good.slice(1),
    ` ${good}`,
    `${good}\n`,
    `${good.slice(0, -1)}=`,
    '💥'.repeat(16),
  ])
    assert.equal(links.readUnsubscribe(token), null, JSON.stringify(token))
})
