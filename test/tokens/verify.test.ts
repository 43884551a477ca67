import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createTokenCache } from '../../src/tokens/cache.ts'
import { TokenError } from '../../src/tokens/verify.ts'
import { claims, clock, encode, hs256, jwt, NOW_S, outcome, RSA, SECRET, verifierOf } from './kit.ts'

const ANNA = { userId: 'anna', expiresAt: NOW_S + 600 }
const verifier = verifierOf()
const of = (header: string | undefined) => outcome(verifier, header)

describe('The Authorization header', () => {
  it('is Bearer in any case, or the bare token', () => {
    for (const prefix of ['Bearer ', 'bearer ', 'BEARER   ', ' Bearer ', '']) {
      assert.deepEqual(verifier.verify(`${prefix}${hs256(claims())}`), ANNA, prefix)
    }
  })

  it('is missing when it holds no token', async () => {
    for (const header of [undefined, '', '   ', 'Bearer', 'bearer', 'Bearer ', 'BEARER    ']) {
      assert.equal(await of(header), 'Missing Token', `${header}`)
    }
  })

  it('is invalid when it holds anything else', async () => {
    const good = hs256(claims())
    const [header, payload, signature] = good.split('.')
    const bad = [
      'x',
      '..',
      'Bearer x.y.z',
      `Basic ${good}`,
      `Bearer${good}`,
      `Bearer Bearer ${good}`,
      `Bearer ${good} x`,
      `${good}.`,
      `${good}=`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `.${payload}.${signature}`,
      `${encode('[]')}.${payload}.${signature}`,
      `${encode('null')}.${payload}.${signature}`,
      hs256([]),
      hs256('null'),
      hs256('{"sub":'),
    ]
    for (const header of bad) assert.equal(await of(header), 'Invalid Token', header)
  })

  it('holds a token of up to 8192 characters', async () => {
    // Not every length can be base64url: the header is filled until the payload's can.
    const sized = (length: number, fill = ''): string => {
      const rest = length - hs256('', { fill }).length
      if (rest % 4 === 1) return sized(length, `${fill}x`)
      const bytes = Math.floor((rest * 3) / 4)
      const empty = JSON.stringify(claims({ fill: '' })).length
      return hs256(claims({ fill: 'x'.repeat(bytes - empty) }), { fill })
    }
    assert.equal(sized(8192).length, 8192)
    assert.equal(sized(8193).length, 8193)
    assert.deepEqual(await of(`Bearer ${sized(8192)}`), ANNA)
    assert.equal(await of(`Bearer ${sized(8193)}`), 'Invalid Token')
    assert.equal(await of(`Bearer ${hs256(claims({ fill: 'x'.repeat(100_000) }))}`), 'Invalid Token')
  })
})

describe('HS256 with the secret', () => {
  it('refuses other algorithms, other secrets and what was changed', async () => {
    const [header, , signature] = hs256(claims()).split('.')
    const bad = [
      hs256(claims(), {}, 'another secret of the tests, as long as it'),
      `${header}.${encode(claims({ sub: 'berta' }))}.${signature}`,
      jwt({ alg: 'HS384' }, claims(), SECRET),
      jwt({ alg: 'HS512' }, claims(), SECRET),
      jwt({ alg: 'hs256' }, claims(), SECRET, 'HS256'),
      jwt({ alg: ['HS256'] }, claims(), SECRET, 'HS256'),
      jwt({}, claims(), SECRET, 'HS256'),
      jwt({ alg: 'RS256' }, claims(), RSA.privateKey),
      jwt({ alg: 'RS256' }, claims(), SECRET, 'HS256'),
    ]
    for (const token of bad) assert.equal(await of(token), 'Invalid Token', token)
  })

  it('refuses tokens that are not signed', async () => {
    for (const alg of ['none', 'None', 'NONE', 'HS256', '']) {
      assert.equal(await of(jwt({ alg }, claims(), '', 'none')), 'Invalid Token', alg)
      assert.equal(await of(`${jwt({ alg }, claims(), '', 'none')}AAAA`), 'Invalid Token', alg)
    }
  })

  it('refuses every crit, understood by none', async () => {
    for (const crit of [['b64'], ['exp'], [], null, false, '']) {
      assert.equal(await of(hs256(claims(), { crit, b64: true })), 'Invalid Token', JSON.stringify(crit))
    }
  })

  it('passes over typ, and over a kid that is a text', async () => {
    assert.deepEqual(await of(hs256(claims(), { typ: 'at+jwt', kid: 'any' })), ANNA)
    assert.equal(await of(hs256(claims(), { kid: 1 })), 'Invalid Token')
  })
})

describe('The claims', () => {
  it('take 1 to 64 characters of a user id as sub', async () => {
    for (const sub of ['a', '0', 'A-Z.a_z~9', 'x'.repeat(64)]) {
      assert.deepEqual(await of(hs256(claims({ sub }))), { ...ANNA, userId: sub })
    }
    const bad = [
      undefined,
      null,
      '',
      7,
      ['anna'],
      'x'.repeat(65),
      'a b',
      'a/b',
      'anna\n',
      'ännä',
      '\u0000',
      {},
    ]
    for (const sub of bad) assert.equal(await of(hs256(claims({ sub }))), 'Invalid Token', String(sub))
  })

  it('need an exp that is a finite number', async () => {
    for (const exp of [undefined, null, '9999999999', true, [NOW_S + 600]]) {
      assert.equal(await of(hs256(claims({ exp }))), 'Invalid Token', String(exp))
    }
    assert.equal(await of(hs256('{"sub":"anna","exp":1e999}')), 'Invalid Token')
  })

  it('keep expiresAt within what a Date can tell', async () => {
    const caller = await of(hs256(claims({ exp: 1e300 })))
    assert.ok(typeof caller === 'object' && caller.expiresAt > 1e12)
    assert.ok(!Number.isNaN(new Date(caller.expiresAt * 1000).getTime()))
  })

  it('end at exp exactly', async () => {
    assert.equal(await of(hs256(claims({ exp: NOW_S }))), 'Token has expired')
    assert.equal(await of(hs256(claims({ exp: 0 }))), 'Token has expired')
    assert.equal(await of(hs256(claims({ exp: -1 }))), 'Token has expired')
    assert.deepEqual(await of(hs256(claims({ exp: NOW_S + 0.5 }))), { ...ANNA, expiresAt: NOW_S + 0.5 })
  })

  it('give nbf and iat a minute, and no more', async () => {
    for (const claim of ['nbf', 'iat']) {
      for (const good of [0, NOW_S, NOW_S + 60]) {
        assert.deepEqual(await of(hs256(claims({ [claim]: good }))), ANNA, `${claim} ${good}`)
      }
      for (const bad of [NOW_S + 61, null, '0', true]) {
        assert.equal(await of(hs256(claims({ [claim]: bad }))), 'Invalid Token', `${claim} ${bad}`)
      }
    }
  })

  it('need the issuer that is configured', async () => {
    const strict = verifierOf({ issuer: 'https://host.example' })
    assert.deepEqual(await outcome(strict, hs256(claims({ iss: 'https://host.example' }))), ANNA)
    for (const iss of [undefined, null, '', 'https://host.example/', ['https://host.example']]) {
      assert.equal(await outcome(strict, hs256(claims({ iss }))), 'Invalid Token', String(iss))
    }
    assert.deepEqual(await of(hs256(claims({ iss: 'anybody' }))), ANNA)
  })

  it('need the audience that is configured, alone or in a list', async () => {
    const strict = verifierOf({ audience: 'snug' })
    for (const aud of ['snug', ['snug'], ['other', 'snug']]) {
      assert.deepEqual(await outcome(strict, hs256(claims({ aud }))), ANNA, String(aud))
    }
    for (const aud of [undefined, null, '', 'snugger', ['other'], [], [['snug']], { snug: true }]) {
      assert.equal(await outcome(strict, hs256(claims({ aud }))), 'Invalid Token', String(aud))
    }
    assert.deepEqual(await of(hs256(claims({ aud: 'anybody' }))), ANNA)
  })

  it('tell of expiry only when all else was right', async () => {
    const strict = verifierOf({ issuer: 'host' })
    const exp = NOW_S - 10
    assert.equal(await outcome(strict, hs256(claims({ exp, iss: 'host' }))), 'Token has expired')
    assert.equal(await outcome(strict, hs256(claims({ exp, iss: 'other' }))), 'Invalid Token')
    assert.equal(await of(hs256(claims({ exp }), {}, 'another secret of the tests')), 'Invalid Token')
    assert.equal(await of(hs256(claims({ exp, sub: '' }))), 'Invalid Token')
  })
})

describe('The cache of a verifier', () => {
  it('keeps good tokens once, and sees them expire', async () => {
    const now = clock()
    const cache = createTokenCache()
    const cached = verifierOf({ now, cache })
    const token = hs256(claims())
    for (const header of [token, `Bearer ${token}`, `bearer  ${token}`]) {
      assert.deepEqual(await outcome(cached, header), ANNA)
      assert.equal(cache.size, 1)
    }
    now.now += 600_000 - 1
    assert.deepEqual(await outcome(cached, token), ANNA)
    now.now += 1
    assert.equal(await outcome(cached, token), 'Token has expired')
    assert.equal(await outcome(cached, token), 'Token has expired')
  })

  it('answers from what it kept', async () => {
    const cache = createTokenCache()
    const token = hs256(claims())
    cache.set(token, { userId: 'kept', expiresAt: NOW_S + 1 })
    assert.deepEqual(verifierOf({ cache }).verify(token), { userId: 'kept', expiresAt: NOW_S + 1 })
  })

  it('keeps nothing of a token that failed', async () => {
    const cache = createTokenCache()
    const cached = verifierOf({ cache, issuer: 'host' })
    for (const token of [hs256(claims()), hs256(claims({ exp: 1, iss: 'host' })), 'a.b.c']) {
      assert.notEqual(typeof (await outcome(cached, token)), 'object')
    }
    assert.equal(cache.size, 0)
  })
})

describe('Anything at all as a header', () => {
  const judge = (header: string) => {
    try {
      const caller = verifier.verify(header)
      assert.ok(!(caller instanceof Promise) && /^[\w.~-]{1,64}$/.test(caller.userId))
    } catch (error) {
      assert.ok(error instanceof TokenError, String(error))
      assert.equal(error.message, error.fault)
      assert.equal(error.cause, undefined)
    }
  }

  it('is a caller or a TokenError', () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.json().map(encode))
    const dotted = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.'))
    const scheme = fc.constantFrom('', 'Bearer ', 'bearer', 'Basic ')
    const header = fc.tuple(scheme, fc.oneof(part, dotted)).map(([one, other]) => one + other)
    fc.assert(fc.property(header, judge), { numRuns: 1000 })
  })

  it('is so when rightly signed, whatever the header and the claims', () => {
    const names = fc.constantFrom(
      'sub',
      'exp',
      'nbf',
      'iat',
      'iss',
      'aud',
      '__proto__',
      'kid',
      'typ',
      'crit',
      'x',
    )
    const values = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom('anna', NOW_S + 600))
    const object = fc.dictionary(names, values)
    const token = fc
      .tuple(object, object)
      .map(([header, payload]) => hs256({ ...claims(), ...payload }, header))
    fc.assert(fc.property(token, judge), { numRuns: 1000 })
  })
})
