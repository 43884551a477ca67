import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** A user as the column names say. A field that is left out stays as it is; null clears it. */
export interface ImportedUser {
  readonly id: string
  readonly username: string
  readonly name?: string | null
  readonly email?: string | null
  readonly avatar_url?: string | null
  readonly time_zone?: string | null
  readonly settings: Readonly<Record<string, boolean>>
  readonly erased_at?: string
}

export interface ImportedUserRow {
  /** 1 for the first. */
  readonly ord: number
  /** Is new, or was changed. */
  readonly stored: boolean
  /** Set when a user who was there was changed: lists show it. */
  readonly changedKey: number | null
  /** Belongs to somebody erased: nothing was stored. */
  readonly erased: boolean
}

const given = (column: string) => `case when doc ? '${column}' then doc->>'${column}' else u.${column} end`
const SHOWN = ['name', 'email', 'avatar_url', 'time_zone']

// New users get their keys in the order of the lines: people who joined at one moment are listed by them.
const upsert = sql<ImportedUserRow>(
  'import.users',
  `with line as (
     select ord, doc->>'id' as id, doc from jsonb_array_elements($1::jsonb) with ordinality as l (doc, ord)
   ), made as (
     insert into users (id, username, name, email, avatar_url, time_zone, settings, erased_at)
     select id, doc->>'username', doc->>'name', doc->>'email', doc->>'avatar_url', doc->>'time_zone', doc->'settings',
       (doc->>'erased_at')::timestamptz
     from line where not exists (select from users u where u.id = line.id)
     order by ord
     on conflict (id) do nothing returning id
   ), changed as (
     update users u set username = doc->>'username', ${SHOWN.map((column) => `${column} = ${given(column)}`).join(', ')},
       settings = u.settings || (doc->'settings')
     from line
     where u.id = line.id and u.erased_at is null and not doc ? 'erased_at'
       and (u.username, ${SHOWN.map((column) => `u.${column}`).join(', ')}, u.settings)
         is distinct from (doc->>'username', ${SHOWN.map(given).join(', ')}, u.settings || (doc->'settings'))
     returning u.key, u.id
   )
   select line.ord::integer as ord, made.id is not null or changed.id is not null as stored, changed.key as "changedKey",
     coalesce(u.erased_at is not null and not doc ? 'erased_at', false) as erased
   from line
   left join made on made.id = line.id
   left join changed on changed.id = line.id
   left join users u on u.id = line.id
   order by line.ord`,
)

/** Makes the users or changes them; each id at most once. What is equal already is left alone. */
export function importUsers(tx: Queryable, users: readonly ImportedUser[]): Promise<ImportedUserRow[]> {
  return tx.query(upsert, [JSON.stringify(users)])
}
