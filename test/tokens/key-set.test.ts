import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createKeySet, type KeySet, type KeySetOptions } from '../../src/tokens/key-set.ts'
import type { Verifier } from '../../src/tokens/verify.ts'
import {
  claims,
  clock,
  EC,
  ED,
  type JwksServer,
  jwk,
  jwksServer,
  jwt,
  NOW_S,
  outcome,
  until,
  verifierOf,
} from './kit.ts'

const ANNA = { userId: 'anna', expiresAt: NOW_S + 600 }
const OLD = ED
const NEW = generateKeyPairSync('ed25519')
const oldToken = jwt({ alg: 'EdDSA', kid: 'old' }, claims(), OLD.privateKey)
const newToken = jwt({ alg: 'EdDSA', kid: 'new' }, claims(), NEW.privateKey)
const OLD_KEY = jwk(OLD, { kid: 'old' })
const NEW_KEY = jwk(NEW, { kid: 'new' })

let server: JwksServer
let now: ReturnType<typeof clock>
let lines: string[]
let opened: { close(): void }[]

beforeEach(async () => {
  server = await jwksServer(OLD_KEY)
  now = clock()
  lines = []
  opened = []
})
afterEach(async () => {
  for (const one of opened) one.close()
  await server.close()
})

const log = (line: string) => lines.push(line)

function verifier(url = server.url): Verifier {
  const made = verifierOf({ jwks: { url }, now, log })
  opened.push(made)
  return made
}

function keySet(more: Partial<KeySetOptions> = {}): KeySet {
  const made = createKeySet({ url: server.url, now, log, onChange: () => {}, ...more })
  opened.push(made)
  return made
}

/** So many tokens at once, each of another key that nobody knows. */
const unknowns = (of: Verifier, count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      outcome(of, jwt({ alg: 'EdDSA', kid: `unknown ${n}` }, claims(), OLD.privateKey)),
    ),
  )

const allInvalid = (said: unknown[]) => said.every((one) => one === 'Invalid Token')

describe('Unknown keys', () => {
  it('cost one fetch, however many come', async () => {
    const one = verifier()
    assert.ok(allInvalid(await unknowns(one, 1000)))
    assert.equal(server.requests, 1)
    now.now += 29_999
    assert.ok(allInvalid(await unknowns(one, 1000)))
    assert.equal(server.requests, 1)
    now.now += 1
    assert.ok(allInvalid(await unknowns(one, 1000)))
    assert.equal(server.requests, 2)
  })

  it('are refused at once within the cooldown', async () => {
    const one = verifier()
    await outcome(one, oldToken)
    assert.throws(() => one.verify(newToken), { fault: 'Invalid Token' })
  })

  it('do not wait longer because the clock was set back', async () => {
    const one = verifier()
    await unknowns(one, 1)
    now.now -= 3_600_000
    await unknowns(one, 1)
    assert.equal(server.requests, 2)
  })

  it('cost no fetch when the alg is not one of ours', async () => {
    const one = verifier()
    await outcome(one, oldToken)
    now.now += 60_000
    for (const alg of ['none', 'RS512', 'PS256', 'ES384', 'HS384']) {
      assert.equal(await outcome(one, jwt({ alg, kid: 'x' }, claims(), '', 'none')), 'Invalid Token')
    }
    assert.equal(server.requests, 1)
  })
})

describe('Rotation', () => {
  it('takes in a new key when a token names it', async () => {
    const one = verifier()
    assert.deepEqual(await outcome(one, oldToken), ANNA)
    server.keys(OLD_KEY, NEW_KEY)
    assert.equal(await outcome(one, newToken), 'Invalid Token')
    now.now += 30_000
    assert.deepEqual(await outcome(one, newToken), ANNA)
    assert.deepEqual(one.verify(oldToken), ANNA)
    assert.equal(server.requests, 2)
  })

  it('ends a key that is removed, for tokens in the cache as well', async () => {
    const one = verifier()
    assert.deepEqual(await outcome(one, oldToken), ANNA)
    assert.deepEqual(one.verify(oldToken), ANNA)
    server.keys(NEW_KEY)
    now.now += 30_000
    assert.deepEqual(await outcome(one, newToken), ANNA)
    assert.equal(await outcome(one, oldToken), 'Invalid Token')
  })

  it('ends a key whose kid another key now has', async () => {
    const one = verifier()
    assert.deepEqual(await outcome(one, oldToken), ANNA)
    server.keys(jwk(NEW, { kid: 'old' }))
    now.now += 30_000
    await unknowns(one, 1)
    assert.equal(await outcome(one, oldToken), 'Invalid Token')
  })

  it('ends every key when the host publishes none, and says so', async () => {
    const one = verifier()
    assert.deepEqual(await outcome(one, oldToken), ANNA)
    server.keys()
    now.now += 30_000
    await unknowns(one, 1)
    assert.equal(await outcome(one, oldToken), 'Invalid Token')
    assert.match(lines.join('\n'), /no key that can be used/)
  })

  it('is told only when the keys are others', async () => {
    let changes = 0
    server.keys(OLD_KEY, jwk(EC, { kid: 'ec' }))
    const set = keySet({ onChange: () => (changes += 1) })
    await set.refresh()
    assert.equal(changes, 1)
    server.keys(jwk(EC, { kid: 'ec' }), OLD_KEY)
    now.now += 30_000
    await set.refresh()
    assert.equal(server.requests, 2)
    assert.equal(changes, 1)
    server.keys(OLD_KEY)
    now.now += 30_000
    await set.refresh()
    assert.equal(changes, 2)
  })
})

describe('Refreshing in the background', () => {
  it('begins before any token comes', async () => {
    verifier()
    await until(() => server.requests === 1)
  })

  it('finds a rotation without a token', async () => {
    const set = keySet({ refreshMs: 5 })
    await set.refresh()
    server.keys(NEW_KEY)
    await until(() => set.find('EdDSA', 'new') !== undefined)
    assert.equal(set.find('EdDSA', 'old'), undefined)
  })

  it('goes on after a failure', async () => {
    server.answer((_request, response) => response.writeHead(503).end())
    const set = keySet({ retryMs: 5 })
    await set.refresh()
    server.keys(NEW_KEY)
    await until(() => set.find('EdDSA', 'new') !== undefined)
  })
  it('ends with close; the known keys stay', async () => {
    const set = keySet()
    await set.refresh()
    set.close()
    now.now += 3_600_000
    assert.equal(set.refresh(), null)
    assert.ok(set.find('EdDSA', 'old'))
    assert.deepEqual(lines, [])
  })

  it('does not keep a process alive', async () => {
    const module = new URL('../../src/tokens/verify.ts', import.meta.url).href
    const code = `
      const { createVerifier } = await import(${JSON.stringify(module)})
      const verifier = createVerifier({ secret: 'x', jwks: { url: ${JSON.stringify(server.url)} }, log: console.log,
        issuer: null, audience: null, now: () => ${now()} })
      console.log((await verifier.verify(${JSON.stringify(oldToken)})).userId)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 30_000,
    })
    const said = child.stdout.toArray()
    const [status] = await once(child, 'close')
    assert.equal(Buffer.concat(await said).toString(), 'anna\n')
    assert.equal(status, 0)
  })
})

describe('A host that does not answer', () => {
  it('refuses its tokens until it does, with a shorter cooldown', async () => {
    server.answer((_request, response) => response.writeHead(500).end('secret words'))
    const one = verifier()
    assert.equal(await outcome(one, oldToken), 'Invalid Token')
    server.keys(OLD_KEY)
    now.now += 4_999
    assert.ok(allInvalid(await unknowns(one, 1000)))
    assert.equal(await outcome(one, oldToken), 'Invalid Token')
    assert.equal(server.requests, 1)
    now.now += 1
    assert.deepEqual(await outcome(one, oldToken), ANNA)
    assert.equal(server.requests, 2)
    assert.equal(lines.length, 1)
  })

  it('leaves the known keys as they are', async () => {
    const one = verifier()
    assert.deepEqual(await outcome(one, oldToken), ANNA)
    await server.close()
    now.now += 500_000
    assert.equal(await outcome(one, newToken), 'Invalid Token')
    assert.match(lines.join('\n'), /could not be read: ECONNREFUSED/)
    assert.deepEqual(await outcome(one, oldToken), ANNA)
    assert.deepEqual(one.verify(jwt({ alg: 'EdDSA', kid: 'old' }, claims({ n: 1 }), OLD.privateKey)), ANNA)
  })

  it('is given up at the deadline, before the answer and in the middle of it', {
    timeout: 5_000,
  }, async () => {
    const hang = (begin: string) => {
      server.answer((_request, response) => {
        response.writeHead(200)
        if (begin) response.write(begin)
      })
    }
    for (const begin of ['', '{"keys":[']) {
      hang(begin)
      lines = []
      const set = keySet({ deadlineMs: 30 })
      await set.refresh()
      assert.match(lines.join('\n'), /no whole answer within 30 ms/)
      set.close()
    }
  })

  it('is not waited for after close', { timeout: 5_000 }, async () => {
    server.answer(() => {})
    const set = keySet({ deadlineMs: 60_000 })
    const waiting = set.refresh()
    await until(() => server.requests === 1)
    set.close()
    await waiting
    assert.deepEqual(lines, [])
  })
})

describe('An answer that is no JWKS', () => {
  const SECRET_WORDS = 'words-of-the-answer'
  const huge = JSON.stringify({ keys: [NEW_KEY], fill: 'x'.repeat(262_144) })
  const answers: [string, (served: JwksServer) => void, RegExp][] = [
    ['garbage', (to) => to.answer((_, response) => response.end(SECRET_WORDS)), /not JSON$/],
    ['null', (to) => to.answer((_, response) => response.end('null')), /not a JWKS$/],
    ['a list', (to) => to.answer((_, response) => response.end(JSON.stringify([NEW_KEY]))), /not a JWKS$/],
    ['other', (to) => to.answer((_, response) => response.end('{"keys":{"0":{}}}')), /not a JWKS$/],
    ['nothing', (to) => to.answer((_, response) => response.end()), /not JSON$/],
    [
      'half',
      (to) => to.answer((_, response) => response.writeHead(200).write('{', () => response.destroy())),
      /.+/,
    ],
    ['huge', (to) => to.answer((_, response) => response.end(huge)), /larger than 262144 bytes$/],
    [
      'huge once it is decompressed',
      (to) =>
        to.answer((_, response) =>
          response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(huge)),
        ),
      /larger than 262144 bytes$/,
    ],
    [
      'a redirect',
      (to) =>
        to.answer((request, response) =>
          request.url === '/new'
            ? response.end(JSON.stringify({ keys: [NEW_KEY] }))
            : response.writeHead(302, { location: '/new' }).end(),
        ),
      /HTTP 302$/,
    ],
    ['an error', (to) => to.answer((_, response) => response.writeHead(404).end(SECRET_WORDS)), /HTTP 404$/],
  ]
  for (const [name, serve, line] of answers) {
    it(`changes nothing: ${name}`, async () => {
      const one = verifier()
      assert.deepEqual(await outcome(one, oldToken), ANNA)
      serve(server)
      now.now += 30_000
      assert.equal(await outcome(one, newToken), 'Invalid Token')
      assert.equal(server.requests, 2)
      assert.deepEqual(await outcome(one, oldToken), ANNA)
      assert.equal(lines.length, 1)
      assert.match(lines[0]!, line)
      for (const secret of [SECRET_WORDS, newToken, '/jwks.json']) assert.ok(!lines[0]!.includes(secret))
    })
  }

  it('is not told with the password of its URL', async () => {
    const one = verifier(server.url.replace('//', '//user:passw0rd@'))
    assert.equal(await outcome(one, oldToken), 'Invalid Token')
    assert.equal(lines.length, 1)
    assert.doesNotMatch(lines[0]!, /passw0rd|user/)
  })

  it('may be as large as 256 KiB', async () => {
    const body = JSON.stringify({ keys: [OLD_KEY], fill: '' })
    server.answer((_, response) => response.end(body.replace('""', `"${'x'.repeat(262_144 - body.length)}"`)))
    assert.deepEqual(await outcome(verifier(), oldToken), ANNA)
  })
})
