import type { VapidKeys } from '../domain/push.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

export type { VapidKeys }

/** What every server of this installation has to agree on. */
export interface Installation {
  /** Signs the links of emails. */
  readonly linkSecret: string
  readonly vapid: VapidKeys | null
}

interface Row {
  readonly linkSecret: string
  readonly publicKey: string | null
  readonly privateKey: string | null
}

const COLUMNS = `link_secret as "linkSecret", vapid_public_key as "publicKey", vapid_private_key as "privateKey"`
const read = sql<Row>('installation.read', `select ${COLUMNS} from installation`)
const keep = sql<Row>(
  'installation.keep_vapid',
  `update installation set vapid_public_key = coalesce(vapid_public_key, $1), vapid_private_key = coalesce(vapid_private_key, $2)
   returning ${COLUMNS}`,
)

/** Made by the migration, so it is always there. */
export async function readInstallation(db: Queryable): Promise<Installation> {
  const { linkSecret, publicKey, privateKey } = (await db.query(read))[0] as Row
  return { linkSecret, vapid: publicKey === null || privateKey === null ? null : { publicKey, privateKey } }
}

/**
 * Keeps the VAPID keys for good: browsers bind a subscription to them. In the database, so that all servers have the same without
 * anybody having to configure it. @returns those that are kept: the first ones win
 */
export async function keepVapidKeys(db: Queryable, keys: VapidKeys): Promise<VapidKeys> {
  const { publicKey, privateKey } = (await db.query(keep, [keys.publicKey, keys.privateKey]))[0] as Row
  return { publicKey: publicKey as string, privateKey: privateKey as string }
}
