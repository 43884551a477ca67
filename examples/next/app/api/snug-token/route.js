// GET /api/snug-token: what the browser's client asks for as its token.
//   const snug = new Snug({ url, token: async () => (await (await fetch('/api/snug-token')).json()).access_token })
import { service, userOf } from '../../../lib/snug.js'

export async function GET(request) {
  const user = userOf(request)
  if (!user) return new Response(null, { status: 401 })
  return Response.json(await service.tokens.create(user), { headers: { 'cache-control': 'no-store' } })
}
