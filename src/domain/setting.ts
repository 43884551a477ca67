import { readQuietHours } from './quiet-hours.ts'

/** The settings that are a user's own to change: CONTRACT §5. */
export const SETTING_KEYS = [
  'messages.email',
  'messages.push',
  'messages.email_delay',
  'messages.quiet_hours',
] as const
export type SettingKey = (typeof SETTING_KEYS)[number]

/** As stored: switches are JSON booleans, as the service API has them, the others the words of the contract. */
export type SettingValue = boolean | string

export const SETTING_CATEGORY = 'notifications'
const EMAIL_DELAYS = ['0', '300', '3600', 'daily']

/** Whether there is a setting of that name. */
export function isSettingKey(key: unknown): key is SettingKey {
  return SETTING_KEYS.some((one) => one === key)
}

/** Reads a setting's value as a client gives it (CONTRACT §5). @returns what is stored; null for a value that is not one */
export function readSetting(key: SettingKey, value: unknown): SettingValue | null {
  switch (key) {
    case 'messages.email':
    case 'messages.push':
      return readSwitch(value)
    case 'messages.email_delay':
      return (
        EMAIL_DELAYS.find((delay) => value === delay || (delay !== 'daily' && value === Number(delay))) ??
        null
      )
    case 'messages.quiet_hours':
      return value === '' || readQuietHours(value) ? (value as string) : null
  }
}

function readSwitch(value: unknown): boolean | null {
  if (value === true || value === 'true') return true
  return value === false || value === 'false' ? false : null
}

/**
 * What is shown of a user's setting: switches are on until they are turned off.
 * @param stored the user's settings
 * @param emailDelaySeconds for users who have not chosen `messages.email_delay`
 */
export function settingShown(
  stored: Readonly<Record<string, unknown>>,
  key: SettingKey,
  emailDelaySeconds: number,
): string {
  const value = stored[key]
  switch (key) {
    case 'messages.email':
    case 'messages.push':
      return value === false ? 'false' : 'true'
    case 'messages.email_delay':
      return typeof value === 'string' ? value : String(emailDelaySeconds)
    case 'messages.quiet_hours':
      return typeof value === 'string' ? value : ''
  }
}
