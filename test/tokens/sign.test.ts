import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { createSigner } from '../../src/tokens/sign.ts'
import { createVerifier } from '../../src/tokens/verify.ts'
import { SECRET } from './kit.ts'

const verifierFor = (issuer: string | null, audience: string | null) =>
  createVerifier({ secret: SECRET, jwks: null, issuer, audience, log: () => {} })

describe('A signed token', () => {
  it('is accepted, with the issuer and audience that are configured or without', () => {
    for (const issuer of [null, 'https://snug.example']) {
      for (const audience of [null, 'snug']) {
        const token = createSigner({ secret: SECRET, issuer, audience })('anna', 60)
        const caller = verifierFor(issuer, audience).verify(`Bearer ${token.access_token}`)
        assert.ok(!(caller instanceof Promise))
        assert.equal(caller.userId, 'anna')
        assert.equal(Date.parse(token.expires_at), caller.expiresAt * 1000)
      }
    }
  })

  it('is an HS256 JWT of the secret that ends when asked', () => {
    const before = Math.floor(Date.now() / 1000)
    const token = createSigner({ secret: SECRET, issuer: 'iss', audience: 'aud' })('anna', 86_400)
    const [header, payload, signature] = token.access_token.split('.') as [string, string, string]
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
    assert.equal(createHmac('sha256', SECRET).update(`${header}.${payload}`).digest('base64url'), signature)
    assert.deepEqual(read(header), { alg: 'HS256', typ: 'JWT' })
    const { iat, exp, ...rest } = read(payload)
    assert.deepEqual(rest, { sub: 'anna', iss: 'iss', aud: 'aud' })
    assert.ok(iat >= before && iat <= Math.floor(Date.now() / 1000))
    assert.equal(exp, iat + 86_400)
    assert.match(token.expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  it('is not made for an id or a lifetime that it may not have', () => {
    const sign = createSigner({ secret: SECRET, issuer: null, audience: null })
    for (const id of ['', 'a b', 'x'.repeat(65)]) assert.throws(() => sign(id, 60), RangeError)
    for (const seconds of [0, -1, 0.5, 1.5, Number.NaN, Infinity, 315_360_001]) {
      assert.throws(() => sign('anna', seconds), RangeError, String(seconds))
    }
    assert.match(sign('anna', 315_360_000).expires_at, /Z$/)
  })

  it('works with a secret that looks like a key', () => {
    for (const secret of [
      '-----BEGIN PUBLIC KEY-----\nMIIB, and so on',
      '{"kty":"RSA","n":"…","e":"AQAB"}',
    ]) {
      const token = createSigner({ secret, issuer: null, audience: null })('anna', 60)
      const verifier = createVerifier({ secret, jwks: null, issuer: null, audience: null, log: () => {} })
      assert.equal((verifier.verify(token.access_token) as { userId: string }).userId, 'anna')
    }
  })
})
