import type { DeviceAddress } from '../domain/push.ts'
import { Refused } from '../domain/refusal.ts'
import type { Db } from '../store/db.ts'
import { type DeviceRow, putDevice, trimDevices } from '../store/devices.ts'
import { lockUser } from '../store/users.ts'

// A browser whose storage is cleared comes back under a new id and a new endpoint, and the old one may never be told of as gone: without
// a bound every message would go to all of somebody's past. A device in use registers again at its next start, so the one that has not
// for the longest is the one least likely to be.
const DEVICES_MAX = 20

/**
 * Registers a device for the user: a new one, one that is known, or one that was somebody else's until now (CONTRACT §5).
 * @param id the client's choice, as the host's ids are
 * @throws {Refused} `unknown_user`
 */
export function registerDevice(
  db: Db,
  userId: string,
  id: string,
  device: DeviceAddress,
): Promise<DeviceRow> {
  return db.transaction(async (tx) => {
    const user = await lockUser(tx, userId)
    if (!user || user.erasedAt !== null) throw new Refused('unknown_user')
    const row = await putDevice(tx, user.key, id, device)
    await trimDevices(tx, user.key, DEVICES_MAX)
    return row
  })
}
