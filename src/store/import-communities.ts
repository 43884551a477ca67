import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

export interface ImportedCommunity {
  readonly id: string
  readonly name: string
  readonly creatorId: string
  readonly pastCreatorIds: readonly string[]
}

export interface CommunityImportFacts {
  /** Null: the community is new. */
  readonly key: number | null
  readonly name: string | null
  readonly creatorId: string | null
  readonly creatorExists: boolean
  readonly pastCreatorsExist: boolean
  /** One of the past creators is not remembered as one. */
  readonly pastCreatorMissing: boolean
}

const LINES = `jsonb_array_elements($1::jsonb) with ordinality as l (doc, ord)`
const PAST = `
  select coalesce(array_agg(u.key order by p.ord) filter (where u.key is not null), '{}') as keys,
    coalesce(bool_and(u.key is not null), true) as exist
  from jsonb_array_elements_text(doc->'pastCreatorIds') with ordinality as p (id, ord)
  left join users u on u.id = p.id`

const facts = sql<CommunityImportFacts>(
  'import.community_facts',
  `select c.key, c.name, now.id as "creatorId", creator.key is not null as "creatorExists",
     past.exist as "pastCreatorsExist",
     coalesce(not past.keys <@ (c.past_creator_keys || c.creator_key), false) as "pastCreatorMissing"
   from ${LINES}
   left join communities c on c.id = doc->>'id'
   left join users now on now.key = c.creator_key
   left join users creator on creator.id = doc->>'creatorId'
   cross join lateral (${PAST}) as past
   order by ord`,
)

/** What is there of each community, in order. */
export function factsOfCommunities(
  db: Queryable,
  communities: readonly ImportedCommunity[],
): Promise<CommunityImportFacts[]> {
  return db.query(facts, [JSON.stringify(communities)])
}

const insert = sql<{ id: string }>(
  'import.communities',
  `insert into communities (id, name, creator_key, past_creator_keys)
   select doc->>'id', doc->>'name', creator.key, array_remove(past.keys, creator.key)
   from ${LINES}
   join users creator on creator.id = doc->>'creatorId'
   cross join lateral (${PAST}) as past
   order by ord
   on conflict (id) do nothing returning id`,
)

/** Makes the communities, each id at most once. @returns the ids that are new; others have just come into being elsewhere */
export async function insertCommunities(
  tx: Queryable,
  communities: readonly ImportedCommunity[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query(insert, [JSON.stringify(communities)])
  return new Set(rows.map((row) => row.id))
}

const remember = sql<never>(
  'import.past_creators',
  `update communities c set version = version + 1,
     past_creator_keys = past.missing || c.past_creator_keys
   from ${LINES}
   cross join lateral (
     select coalesce(array_agg(u.key order by p.ord), '{}') as missing
     from jsonb_array_elements_text(doc->'pastCreatorIds') with ordinality as p (id, ord)
     join users u on u.id = p.id
     join communities known on known.id = doc->>'id'
     where u.key <> known.creator_key and u.key <> all (known.past_creator_keys)
   ) as past
   where c.id = doc->>'id'`,
)

/** Adds past creators to those that are remembered of a community. */
export async function rememberPastCreators(tx: Queryable, community: ImportedCommunity): Promise<void> {
  await tx.query(remember, [JSON.stringify([community])])
}
