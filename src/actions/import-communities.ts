import type { CommunityLine } from '../../contract/transfer.ts'
import { Refused } from '../domain/refusal.ts'
import type { Db, Queryable } from '../store/db.ts'
import {
  type CommunityImportFacts,
  factsOfCommunities,
  type ImportedCommunity,
  insertCommunities,
  rememberPastCreators,
} from '../store/import-communities.ts'
import type { Entry } from './import-read.ts'
import type { Outcome } from './import-tally.ts'
import { upsertCommunity } from './upsert-community.ts'

type CommunityEntry = Entry<CommunityLine>

/** Makes the communities that are new, each id at most once; the others are left for `changeCommunities`. */
export async function importCommunities(
  tx: Queryable,
  entries: readonly CommunityEntry[],
): Promise<Outcome & { left: CommunityEntry[] }> {
  const facts = await factsOfCommunities(tx, entries.map(communityOf))
  const refused: Outcome['refused'] = []
  const fresh: CommunityEntry[] = []
  const left: CommunityEntry[] = []
  for (const [i, entry] of entries.entries()) {
    const found = facts[i] as CommunityImportFacts
    const faults = [
      ...(found.creatorExists ? [] : ['Creator must exist']),
      ...(found.pastCreatorsExist ? [] : ['Past creators must exist']),
    ]
    if (faults.length > 0) refused.push({ line: entry.number, message: faults.join(', ') })
    else if (found.key === null) fresh.push(entry)
    else if (differs(entry.line, found) || found.pastCreatorMissing) left.push(entry)
  }
  const made = await insertCommunities(tx, fresh.map(communityOf))
  left.push(...fresh.filter(({ line }) => !made.has(line.id)))
  return { counts: { communities: made.size }, refused, left }
}

/** Renames communities and hands them over, as a PUT does, each in its own transaction: a change of creator locks much. */
export async function changeCommunities(db: Db, entries: readonly CommunityEntry[]): Promise<Outcome> {
  const outcome: Outcome = { counts: { communities: 0 }, refused: [] }
  for (const { number, line } of entries) {
    try {
      const [found] = await factsOfCommunities(db, [communityOf({ line })])
      if (found && differs(line, found))
        await upsertCommunity(db, { id: line.id, name: line.name, creatorId: line.creator_id })
      if (line.past_creator_ids) await rememberPastCreators(db, communityOf({ line }))
      outcome.counts.communities = (outcome.counts.communities ?? 0) + 1
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      outcome.refused.push({ line: number, message: error.faults.join(', ') })
    }
  }
  return outcome
}

function differs(line: CommunityLine, found: CommunityImportFacts): boolean {
  return found.name !== line.name || found.creatorId !== line.creator_id
}

function communityOf({ line }: { line: CommunityLine }): ImportedCommunity {
  const pastCreatorIds = [...new Set(line.past_creator_ids)]
  return { id: line.id, name: line.name, creatorId: line.creator_id, pastCreatorIds }
}
