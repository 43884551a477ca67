import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Caller, createVerifier, TokenError, type Verifier } from '../../src/tokens/verify.ts'

export const SECRET = 'a secret of the tests, of 32 bytes or more'
/** Unix milliseconds, and the same in the seconds of claims. */
export const NOW = Date.parse('2026-11-22T12:00:00Z')
export const NOW_S = NOW / 1000

export const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const ED = generateKeyPairSync('ed25519')

export type Json = Record<string, unknown>

export const claims = (more: Json = {}): Json => ({ sub: 'anna', exp: NOW_S + 600, ...more })

/** Written by hand, not by the library under test. `alg` is what the header says, `how` what is really done. */
export function jwt(header: Json, payload: unknown, key: KeyObject | string, how = header.alg): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signatureOf(String(how), input, key).toString('base64url')}`
}

export const hs256 = (payload: unknown, header: Json = {}, secret: string = SECRET): string =>
  jwt({ alg: 'HS256', typ: 'JWT', ...header }, payload, secret)

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

function signatureOf(how: string, input: string, key: KeyObject | string): Buffer {
  if (how.startsWith('HS'))
    return createHmac(`sha${how.slice(2)}`, key)
      .update(input)
      .digest()
  const privateKey = key as KeyObject
  if (how.startsWith('RS')) return sign(`sha${how.slice(2)}`, Buffer.from(input), privateKey)
  if (how.startsWith('ES')) {
    return sign(`sha${how.slice(2)}`, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  }
  return how === 'EdDSA' ? sign(null, Buffer.from(input), privateKey) : Buffer.alloc(0)
}

/** A public key as an entry of a JWKS; an undefined in `more` takes a member away. */
export const jwk = (pair: { publicKey: KeyObject }, more: Json = {}): Json => ({
  ...pair.publicKey.export({ format: 'jwk' }),
  ...more,
})

/** A clock that stands still until it is told. */
export function clock(): { (): number; now: number } {
  const read = () => read.now
  read.now = NOW
  return read
}

export interface JwksServer {
  readonly url: string
  /** Requests that arrived so far. */
  readonly requests: number
  /** The keys of the JWKS that is answered from now on. */
  keys(...keys: unknown[]): void
  /** Answers anything else from now on. */
  answer(listener: RequestListener): void
  close(): Promise<void>
}

export async function jwksServer(...first: unknown[]): Promise<JwksServer> {
  let requests = 0
  let listener: RequestListener
  const keys = (...set: unknown[]) => {
    listener = (_request, response) => response.end(JSON.stringify({ keys: set }))
  }
  keys(...first)
  const server = createServer((request, response) => {
    requests += 1
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    get requests() {
      return requests
    },
    keys,
    answer(next) {
      listener = next
    },
    async close() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

export const verifierOf = (more: Partial<Parameters<typeof createVerifier>[0]> = {}): Verifier =>
  createVerifier({
    secret: SECRET,
    jwks: null,
    issuer: null,
    audience: null,
    now: () => NOW,
    log: () => {},
    ...more,
  })

/** The caller, or the fault; anything thrown that is not a TokenError fails the test. */
export async function outcome(verifier: Verifier, header: string | undefined): Promise<Caller | string> {
  try {
    return await verifier.verify(header)
  } catch (error) {
    if (error instanceof TokenError) return error.fault
    throw error
  }
}

/** Waits for what nothing signals. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('It did not happen within 10 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
