import type { SettingKey, SettingValue } from '../domain/setting.ts'
import type { Db } from '../store/db.ts'
import { storeSetting, wakeWaiting } from '../store/settings.ts'

/**
 * Changes a notification setting (CONTRACT §5). Nothing is stored for somebody erased.
 * @param userKey a key that nobody has is passed over
 */
export async function changeSetting(
  db: Db,
  userKey: number,
  key: SettingKey,
  value: SettingValue,
): Promise<void> {
  await db.transaction(async (tx) => {
    // What waits was given its time by the settings of before: an email of tomorrow morning for somebody who now wants each at once. In
    // one transaction, since after a crash in between nobody would come back to it.
    if (await storeSetting(tx, userKey, key, value)) await wakeWaiting(tx, userKey)
  })
}
