import type { Channel } from '../domain/delivery.ts'
import type { SettingKey, SettingValue } from '../domain/setting.ts'
import type { Db } from '../store/db.ts'
import { storeSetting, wakeWaiting } from '../store/settings.ts'

/**
 * What waits by a setting was given its time by the value of before: an email of tomorrow morning for somebody who now wants each at once.
 * The switches give no time. They are looked at when the time has come, and somebody who turns email off must not wait for the looking.
 */
const TIMED: Readonly<Partial<Record<SettingKey, Channel>>> = {
  'messages.email_delay': 'email',
  'messages.quiet_hours': 'push',
}

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
  const timed = TIMED[key]
  await db.transaction(async (tx) => {
    // In one transaction, since after a crash in between nobody would come back to what waits.
    if ((await storeSetting(tx, userKey, key, value)) && timed) await wakeWaiting(tx, userKey, timed)
  })
}
