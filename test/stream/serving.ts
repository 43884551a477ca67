import { signClaims } from '../contract/client.ts'
import { newDatabase } from '../kit.ts'
import { newFolder, type Served, serve } from '../serve/kit.ts'

const SECRET = 'a-secret-for-tests-of-32-bytes-or-more'
const KEY = 'a-service-key-for-tests'

/** `snug serve` as a process of its own, with a community `club` of `creator` and `member`. */
export interface Serving extends Served {
  token(userId: string): string
  /** Calls the service API, or the API as somebody. @throws {Error} when it refuses */
  ask(method: string, path: string, body?: object, as?: string): Promise<unknown>
}

export async function serveClub(env: Readonly<Record<string, string>> = {}): Promise<Serving> {
  const served = await serve({
    DATABASE_URL: await newDatabase(),
    SNUG_DATA_DIR: newFolder(),
    SNUG_SERVICE_KEY: KEY,
    SNUG_JWT_SECRET: SECRET,
    ...env,
  })
  const token = (sub: string) => signClaims({ sub, exp: Math.floor(Date.now() / 1_000) + 3_600 }, SECRET)
  const ask: Serving['ask'] = async (method, path, body, as) => {
    const answer = await fetch(`${served.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${as === undefined ? KEY : token(as)}`,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${answer.status} ${text}`)
    return text && JSON.parse(text)
  }
  for (const id of ['creator', 'member']) await ask('PUT', `/service/v1/users/${id}`, { username: id })
  await ask('PUT', '/service/v1/communities/club', { name: 'Club', creator_id: 'creator' })
  await ask('PUT', '/service/v1/communities/club/members/member', { status: 'active' })
  return { ...served, token, ask }
}
