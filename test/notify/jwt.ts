import { type KeyObject, verify } from 'node:crypto'

export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Checks a token without the library that made it. @throws when the signature does not hold */
export function readJwt(token: string, alg: 'ES256' | 'RS256', key: KeyObject): Jwt {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  const checked = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key,
    Buffer.from(signature, 'base64url'),
  )
  if (!checked || read(header).alg !== alg) throw new Error(`not signed by ${alg}`)
  return { header: read(header), claims: read(claims) }
}
