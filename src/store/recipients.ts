import type { Device } from '../domain/delivery.ts'
import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

const refuse = sql<never>(
  'recipients.refuse_address',
  'update users set refused_email = email where key = $1 and email = $2',
)

/** Remembers that an address was refused for good, unless the user has another by now: no more email until it changes. */
export async function refuseAddress(db: Queryable, userKey: number, address: string): Promise<void> {
  await db.query(refuse, [userKey, address])
}

const removeGone = sql<never>(
  'recipients.remove_gone_device',
  'delete from devices where id = $1 and platform = $2 and address = $3',
)

/** Removes a device that its service calls gone, unless it has been registered anew meanwhile with another address. */
export async function removeGoneDevice(db: Queryable, device: Device): Promise<void> {
  await db.query(removeGone, [device.id, device.platform, device.address])
}
