// GET /api/unread: how many messages the user has not read, for the number in the header of every page.
import { Snug } from '@snug/client'
import { service, url, userOf } from '../../../lib/snug.js'

export async function GET(request) {
  const user = userOf(request)
  if (!user) return new Response(null, { status: 401 })
  const snug = new Snug({ url, token: async () => (await service.tokens.create(user)).access_token })
  let unread = 0
  for await (const community of snug.communities.iterate()) unread += community.unread_count
  return Response.json({ unread }, { headers: { 'cache-control': 'no-store' } })
}
