import { exportLines } from '../../src/actions/export.ts'
import { importLines } from '../../src/actions/import.ts'
import type { Db } from '../../src/store/db.ts'
import type { Answer, TestSnug } from '../kit.ts'
import { brokenInvariants } from '../model/invariants.ts'

/** Lines of an import, as text. */
export function ndjson(...lines: readonly (object | string)[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
}

export async function* chunksOf<T>(...chunks: readonly T[]): AsyncGenerator<T> {
  yield* chunks
}

export function importAll(db: Db, ...lines: readonly (object | string)[]) {
  return importLines(db, chunksOf(ndjson(...lines)))
}

/** The whole export as text. @param communityId null: everything */
export async function exportAll(db: Db, communityId: string | null = null): Promise<string> {
  let text = ''
  for await (const chunk of exportLines(db, { communityId })) text += chunk
  return text
}

/** A creator `ada`, members `m1` to `m<n>` of the community `c`, to lay messages on. */
export function people(members: number): object[] {
  const ids = Array.from({ length: members }, (_, i) => `m${i + 1}`)
  return [
    ...['ada', ...ids].map((id) => ({ type: 'user', id, username: `name of ${id}` })),
    { type: 'community', id: 'c', name: 'C', creator_id: 'ada' },
    ...ids.map((user_id) => ({ type: 'member', community_id: 'c', user_id, status: 'active' })),
  ]
}

export function message(sender_id: string, recipient_id: string, content: string, more: object = {}): object {
  const base = { type: 'message', community_id: 'c', sender_id, recipient_id, content }
  return { ...base, created_at: '2024-12-01T10:30:00Z', ...more }
}

/** What every GET of every user answers, by user and path. */
export async function everything(
  snug: TestSnug,
  userIds: readonly string[],
  communityIds: readonly string[],
): Promise<Record<string, Answer['body']>> {
  const answers: Record<string, Answer['body']> = {}
  const get = async (as: string, path: string) => {
    const { status, body } = await snug.call('GET', `/api/v1/communities${path}`, { as })
    answers[`${as} ${path}`] = { status, body }
    return body
  }
  for (const user of userIds) {
    await get(user, '?per_page=100')
    for (const community of communityIds) {
      const list = `/${community}/messages/conversations`
      for (const query of ['', '?per_page=3&page=2', '?filter=unread', '?filter=awaiting_reply', '?q=name'])
        await get(user, list + query)
      for (const other of userIds)
        for (const query of ['?per_page=100', '?page=last&per_page=2'])
          await get(user, `/${community}/messages/${other}${query}`)
      const members = await get(user, `/${community}/members?per_page=100`)
      for (const status of ['active', 'canceled', 'blocked'])
        await get(user, `/${community}/members?status=${status}`)
      for (const member of members.data ?? []) await get(user, `/${community}/members/${member.id}`)
    }
  }
  return answers
}

/** What the tables have to hold after any import. An imported id is the file's and may be any UUID. */
export async function brokenTables(db: Db): Promise<string[]> {
  const broken = await brokenInvariants(db)
  return broken.filter((line) => !line.startsWith('ids have the order'))
}
