import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { createTokenCache } from '../../src/tokens/cache.ts'

const caller = (userId: string) => ({ userId, expiresAt: 1 })

it('The cache holds 10,000 tokens at most, the newest among them', () => {
  const cache = createTokenCache()
  let most = 0
  for (let n = 0; n < 50_000; n += 1) {
    cache.set(`token ${n}`, caller(`${n}`))
    most = Math.max(most, cache.size)
  }
  assert.equal(most, 10_000)
  for (let n = 45_000; n < 50_000; n += 1) assert.deepEqual(cache.get(`token ${n}`), caller(`${n}`))
  assert.equal(cache.get('token 0'), undefined)
})

it('The cache holds so many characters at most', () => {
  const cache = createTokenCache(10_000, 100_000)
  for (let n = 0; n < 1_000; n += 1) cache.set(`${n}`.padEnd(1_000), caller('a'))
  assert.ok(cache.size <= 100, `${cache.size} tokens of 1,000 characters`)
  assert.ok(cache.size >= 50)
})

it('The cache keeps a token that is used while others come and go', () => {
  const cache = createTokenCache(100)
  cache.set('mine', caller('me'))
  for (let n = 0; n < 10_000; n += 1) {
    cache.set(`other ${n}`, caller('other'))
    assert.deepEqual(cache.get('mine'), caller('me'), `after ${n}`)
  }
})

it('The cache forgets everything when cleared', () => {
  const cache = createTokenCache(4)
  for (const token of ['a', 'b', 'c']) cache.set(token, caller(token))
  cache.clear()
  assert.equal(cache.size, 0)
  for (const token of ['a', 'b', 'c']) assert.equal(cache.get(token), undefined)
})

it('The cache never answers with anything but what was set last, and stays within its bounds', () => {
  const step = fc.record({ set: fc.boolean(), token: fc.integer({ min: 0, max: 30 }).map(String) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cache = createTokenCache(10)
      const last = new Map<string, string>()
      steps.forEach(({ set, token }, index) => {
        if (set) {
          cache.set(token, caller(`${index}`))
          last.set(token, `${index}`)
          assert.equal(cache.get(token)?.userId, `${index}`)
        } else {
          const found = cache.get(token)
          if (found) assert.equal(found.userId, last.get(token))
        }
        assert.ok(cache.size <= 10)
      })
    }),
  )
})
