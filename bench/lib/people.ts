import { type Bench, runSql, signer } from './server.ts'

export interface People {
  readonly communities: number
  /** In each community. */
  readonly members: number
}

/** Communities with a creator and members, by SQL; the ids are community-1, creator-1, member-1-1 … */
export async function makePeople(bench: Bench, { communities, members }: People): Promise<void> {
  await runSql(
    bench,
    `insert into users (id, username) select 'creator-' || c, 'creator ' || c from generate_series(1, ${communities}) c;
     insert into users (id, username, avatar_url)
       select 'member-' || c || '-' || m, 'member ' || m, 'https://storage.example.com/avatars/' || m || '.jpg'
       from generate_series(1, ${communities}) c, generate_series(1, ${members}) m;
     insert into communities (id, name, creator_key)
       select 'community-' || c, 'Community ' || c, u.key from generate_series(1, ${communities}) c
       join users u on u.id = 'creator-' || c;
     insert into members (community_key, user_key, id, status, joined_at)
       select k.key, u.key, gen_random_uuid(), 'active', now() from generate_series(1, ${communities}) c
       join communities k on k.id = 'community-' || c
       cross join generate_series(1, ${members}) m join users u on u.id = 'member-' || c || '-' || m;`,
  )
  await settle(bench)
}

/** Statistics and visibility as a database has them that has been running for a while. */
export function settle(bench: Bench): Promise<void> {
  return runSql(bench, 'vacuum analyze')
}

const tokens = new Map<string, string>()

export function authorization(userId: string): Record<string, string> {
  const token = tokens.get(userId) ?? signer(userId, 86_400).access_token
  tokens.set(userId, token)
  return { authorization: `Bearer ${token}` }
}
