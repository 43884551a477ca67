import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench } from './server.ts'

export interface PgbenchRun {
  readonly transactions: number
  readonly perSecond: number
  /** Milliseconds, the mean. */
  readonly latency: number
}

/** @throws {Error} that says what to install */
export async function pgbench(
  bench: Bench,
  script: string,
  clients: number,
  seconds: number,
): Promise<PgbenchRun> {
  const file = join(bench.dataDir, 'pgbench.sql')
  writeFileSync(file, script)
  const { host, port, user, database } = bench.connection
  const args = [
    '-n',
    '-M',
    'prepared',
    '-f',
    file,
    '-c',
    String(clients),
    '-j',
    String(Math.min(clients, 2)),
    '-T',
    String(seconds),
  ]
  const { stdout } = await promisify(execFile)('pgbench', [
    ...args,
    '-h',
    host,
    '-p',
    String(port),
    '-U',
    user,
    database,
  ]).catch((error) => {
    if (error.code === 'ENOENT')
      throw new Error('pgbench is needed: install PostgreSQL’s client programs (Debian: postgresql-contrib)')
    throw error
  })
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN)
  if (number(/number of failed transactions: (\d+)/) > 0) throw new Error(`pgbench had failures:\n${stdout}`)
  return {
    transactions: number(/actually processed: (\d+)/),
    perSecond: number(/tps = ([\d.]+)/),
    latency: number(/latency average = ([\d.]+)/),
  }
}

/**
 * One send as one transaction, the way it is written by hand: the facts by the host's ids, the conversation, the message with
 * its indexes, the outbox row, a commit of its own. The shape of people and communities is people.ts's.
 */
export const SEND_SCRIPT = `\\set community random(1, :communities)
\\set member random(1, :members)
begin;
select caller.key as caller_key, other.key as other_key, community.key as community_key, community.creator_key, m.status, m.blocked
from communities community
join users caller on caller.id = 'creator-' || :community
join users other on other.id = 'member-' || :community || '-' || :member
left join members m on m.community_key = community.key and m.user_key = other.key
where community.id = 'community-' || :community \\gset
insert into conversations as c (community_key, low_key, high_key, id, last_position, last_message_id, last_sender_key, low_read, active_at)
values (:community_key, least(:caller_key::bigint, :other_key), greatest(:caller_key::bigint, :other_key), gen_random_uuid(), 1, gen_random_uuid(), :caller_key, 1, now())
on conflict (community_key, low_key, high_key) do update set last_position = c.last_position + 1,
  last_message_id = excluded.last_message_id, last_sender_key = excluded.last_sender_key, low_read = c.last_position + 1,
  active_at = now(), was_listed = c.listed
where not c.blocked
returning c.key as conversation_key, c.last_position, c.last_message_id \\gset
insert into messages (community_key, conversation_key, sender_key, recipient_key, created_at, id, position, content)
values (:community_key, :conversation_key, :caller_key, :other_key, now(), :last_message_id, :last_position, repeat('a message of the bench ', 5));
insert into outbox (kind, community_key, low_key, high_key, message_id, position)
values ('message.created', :community_key, :caller_key, :other_key, :last_message_id, :last_position);
commit;
`
