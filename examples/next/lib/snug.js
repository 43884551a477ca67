// Shared by the route handlers. The service key stays on the server.
import { SnugService } from '@snug/client/service'

export const url = process.env.SNUG_URL
export const service = new SnugService({ url, key: process.env.SNUG_SERVICE_KEY })

/** Whoever is signed in. Yours comes from your session: `await auth()` of Auth.js, `currentUser()` of Clerk … */
export function userOf(request) {
  return request.headers.get('x-user')
}

/** For the `signIn` callback of your session: tells Snug who they are. Doing it at every sign-in is fine. */
export async function onSignIn({ id, name, email, image }) {
  await service.users.put(id, { username: name, email, avatar_url: image ?? null })
}
