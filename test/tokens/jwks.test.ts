import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Verifier } from '../../src/tokens/verify.ts'
import {
  claims,
  EC,
  ED,
  encode,
  hs256,
  type Json,
  type JwksServer,
  jwk,
  jwksServer,
  jwt,
  NOW_S,
  outcome,
  RSA,
  verifierOf,
} from './kit.ts'

const ANNA = { userId: 'anna', expiresAt: NOW_S + 600 }
const PAIRS = { RS256: RSA, ES256: EC, EdDSA: ED }

/** What a verifier says to each token when the host publishes these keys. */
async function withKeys(keys: unknown[], ...tokens: string[]): Promise<unknown[]> {
  const server = await jwksServer(...keys)
  const verifier = verifierOf({ jwks: { url: server.url } })
  try {
    return await Promise.all(tokens.map((token) => outcome(verifier, token)))
  } finally {
    verifier.close()
    await server.close()
  }
}

describe('Tokens of the host', () => {
  let server: JwksServer
  let verifier: Verifier
  before(async () => {
    server = await jwksServer(...Object.entries(PAIRS).map(([kid, pair]) => jwk(pair, { kid })))
    verifier = verifierOf({ jwks: { url: server.url } })
  })
  after(async () => {
    verifier.close()
    await server.close()
  })

  it('are accepted with RS256, ES256 and EdDSA, at once when the key is known', async () => {
    for (const [alg, pair] of Object.entries(PAIRS)) {
      const token = jwt({ alg, kid: alg }, claims(), pair.privateKey)
      assert.deepEqual(await outcome(verifier, token), ANNA, alg)
      assert.deepEqual(verifier.verify(jwt({ alg, kid: alg }, claims({ n: 1 }), pair.privateKey)), ANNA)
    }
  })

  it('are accepted next to those of the secret', () => {
    assert.deepEqual(verifier.verify(hs256(claims())), ANNA)
  })

  it('are held to the same claims', async () => {
    for (const [alg, pair] of Object.entries(PAIRS)) {
      const of = (more: Json) => outcome(verifier, jwt({ alg, kid: alg }, claims(more), pair.privateKey))
      assert.equal(await of({ exp: NOW_S }), 'Token has expired')
      assert.equal(await of({ nbf: NOW_S + 61 }), 'Invalid Token')
      assert.equal(await of({ sub: '' }), 'Invalid Token')
    }
  })

  it('are refused when made with another key, changed, or of another alg than their key', async () => {
    const others: Record<string, KeyObject> = {
      RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      EdDSA: generateKeyPairSync('ed25519').privateKey,
    }
    for (const [kid, pair] of Object.entries(PAIRS)) {
      const good = jwt({ alg: kid, kid }, claims(), pair.privateKey)
      const [header, payload, signature] = good.split('.')
      const bad = [
        jwt({ alg: kid, kid }, claims(), others[kid]!),
        jwt({ alg: kid, kid }, claims({ exp: 1 }), others[kid]!),
        `${header}.${encode(claims({ sub: 'berta' }))}.${signature}`,
        `${header}.${payload}.`,
        `${header}.${payload}.AAAA`,
        jwt({ alg: kid, kid, crit: ['exp'] }, claims(), pair.privateKey),
        ...['RS256', 'ES256', 'EdDSA', 'RS512', 'PS256', 'ES384', 'none']
          .filter((alg) => alg !== kid)
          .map((alg) => jwt({ alg, kid }, claims(), pair.privateKey, kid)),
      ]
      for (const token of bad) assert.equal(await outcome(verifier, token), 'Invalid Token', token)
    }
    const sha512 = jwt({ alg: 'RS512', kid: 'RS256' }, claims(), RSA.privateKey)
    assert.equal(await outcome(verifier, sha512), 'Invalid Token')
  })

  it('are refused when HS256 is signed with a public key (alg confusion)', async () => {
    for (const [kid, pair] of Object.entries(PAIRS)) {
      const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
      const der = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('latin1')
      for (const secret of [pem, pem.trim(), der, JSON.stringify(jwk(pair))]) {
        assert.equal(await outcome(verifier, hs256(claims(), { kid }, secret)), 'Invalid Token')
        assert.equal(
          await outcome(verifier, jwt({ alg: kid, kid }, claims(), secret, 'HS256')),
          'Invalid Token',
        )
      }
    }
  })

  it('are refused with a kid that is not a text, and when no JWKS is configured', async () => {
    for (const kid of [1, null, ['RS256'], {}]) {
      assert.equal(
        await outcome(verifier, jwt({ alg: 'RS256', kid }, claims(), RSA.privateKey)),
        'Invalid Token',
      )
    }
    const token = jwt({ alg: 'RS256', kid: 'RS256' }, claims(), RSA.privateKey)
    assert.equal(await outcome(verifierOf(), token), 'Invalid Token')
  })
})

describe('A key of the JWKS', () => {
  const rs = (header: Json = {}) => jwt({ alg: 'RS256', kid: 'a', ...header }, claims(), RSA.privateKey)

  it('is used when it is for signatures, and of the alg it names', async () => {
    const good = [
      {},
      { use: 'sig' },
      { alg: 'RS256' },
      { key_ops: ['verify'] },
      { x5t: 'what else there is' },
    ]
    for (const more of good) {
      assert.deepEqual(await withKeys([jwk(RSA, { kid: 'a', ...more })], rs()), [ANNA], JSON.stringify(more))
    }
    const { d } = RSA.privateKey.export({ format: 'jwk' })
    const bad = [
      { use: 'enc' },
      { use: 1 },
      { key_ops: ['encrypt'] },
      { key_ops: 'verify' },
      { alg: 'RS512' },
      { alg: 'ES256' },
      { alg: 'HS256' },
      { kty: 'oct', k: 'AAAA' },
      { kty: 'EC' },
      { n: undefined },
      { n: 7 },
      { kid: 7 },
      { d },
    ]
    for (const more of bad) {
      const said = await withKeys([jwk(RSA, { kid: 'a', ...more })], rs())
      assert.deepEqual(said, ['Invalid Token'], JSON.stringify(more))
    }
  })

  it('may be Ed448, but of EC only P-256', async () => {
    const ed448 = generateKeyPairSync('ed448')
    const token = jwt({ alg: 'EdDSA', kid: 'a' }, claims(), ed448.privateKey)
    assert.deepEqual(await withKeys([jwk(ed448, { kid: 'a' })], token), [ANNA])
    for (const namedCurve of ['secp256k1', 'P-384']) {
      const pair = generateKeyPairSync('ec', { namedCurve })
      const token = jwt({ alg: 'ES256', kid: 'a' }, claims(), pair.privateKey)
      assert.deepEqual(await withKeys([jwk(pair, { kid: 'a' })], token), ['Invalid Token'], namedCurve)
    }
  })

  it('must have 2048 bits if it is RSA', async () => {
    for (const [modulusLength, said] of [[1024, 'Invalid Token'] as const, [2048, ANNA] as const]) {
      const pair = generateKeyPairSync('rsa', { modulusLength })
      const token = jwt({ alg: 'RS256', kid: 'a' }, claims(), pair.privateKey)
      assert.deepEqual(await withKeys([jwk(pair, { kid: 'a' })], token), [said])
    }
  })

  it('is found without a kid in the token only when no other fits', async () => {
    const token = rs({ kid: undefined })
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
    assert.deepEqual(await withKeys([jwk(RSA, { kid: 'a' }), jwk(EC, { kid: 'b' })], token), [ANNA])
    assert.deepEqual(await withKeys([jwk(RSA)], token), [ANNA])
    assert.deepEqual(await withKeys([jwk(RSA, { kid: 'a' }), jwk(RSA, { kid: 'b' })], token), [
      'Invalid Token',
    ])
    assert.deepEqual(await withKeys([jwk(other, { use: 'enc' }), jwk(RSA)], token), [ANNA])
    assert.deepEqual(await withKeys([jwk(RSA, { kid: 7 })], token), ['Invalid Token'])
  })

  it('is not found by a kid that it has not, or shares with another that fits', async () => {
    assert.deepEqual(await withKeys([jwk(RSA)], rs()), ['Invalid Token'])
    assert.deepEqual(await withKeys([jwk(RSA, { kid: 'b' })], rs()), ['Invalid Token'])
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
    assert.deepEqual(await withKeys([jwk(RSA, { kid: 'a' }), jwk(other, { kid: 'a' })], rs()), [
      'Invalid Token',
    ])
    assert.deepEqual(await withKeys([jwk(EC, { kid: 'a' }), jwk(RSA, { kid: 'a' })], rs()), [ANNA])
  })

  it('is found among entries that make no sense', async () => {
    const junk = [
      null,
      7,
      'key',
      [],
      {},
      { kty: 'RSA' },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'a' },
    ]
    assert.deepEqual(await withKeys([...junk, jwk(RSA, { kid: 'a' })], rs()), [ANNA])
  })

  it('is not looked for beyond the first 64', async () => {
    const many = Array.from({ length: 64 }, (_, n) => jwk(ED, { kid: `${n}` }))
    assert.deepEqual(await withKeys([...many.slice(1), jwk(RSA, { kid: 'a' })], rs()), [ANNA])
    assert.deepEqual(await withKeys([...many, jwk(RSA, { kid: 'a' })], rs()), ['Invalid Token'])
  })
})
