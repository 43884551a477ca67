import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Setting, SettingBody, SettingList, SettingUpdated } from '../../../contract/notifications.ts'
import { changeSetting } from '../../actions/change-setting.ts'
import { Refused } from '../../domain/refusal.ts'
import {
  isSettingKey,
  readSetting,
  SETTING_CATEGORY,
  SETTING_KEYS,
  type SettingKey,
  settingShown,
} from '../../domain/setting.ts'
import type { Db } from '../../store/db.ts'
import type { UserRow } from '../../store/users.ts'
import { callerOf } from '../caller.ts'
import { operation } from '../operation.ts'

const tag = 'Notifications'
const params = { id: "The caller's own id" }
const listOperation = operation({
  tag,
  summary: "Read the caller's notification settings",
  params,
  answers: { 200: SettingList },
  refusals: ['not_your_settings'],
})
const changeOperation = operation({
  tag,
  summary: 'Change a notification setting',
  description: 'Holds from now on, also for what is still waiting to be sent.',
  params,
  body: SettingBody,
  refusesBody: true,
  answers: { 200: SettingUpdated },
  refusals: ['not_your_settings', 'invalid_setting_key', 'invalid_setting_value'],
})

const WORDS: Readonly<Record<SettingKey, { readonly title: string; readonly description: string }>> = {
  'messages.email': { title: 'Email', description: 'Email me when I get a message' },
  'messages.push': { title: 'Push notifications', description: 'Notify my devices when I get a message' },
  'messages.email_delay': {
    title: 'How often to email',
    description:
      'At once, or gathered in one email for what I have not read after 5 minutes, after an hour, or each day at 08:00',
  },
  'messages.quiet_hours': {
    title: 'Quiet hours',
    description: 'Hold push notifications between these times and send them as one afterwards',
  },
}

export interface SettingsDeps {
  readonly db: Db
  /** For users who have not chosen `messages.email_delay`. */
  readonly emailDelaySeconds: number
}

type Path = { Params: { id: string } }

/** A user's own notification settings: CONTRACT §5. */
export function settingsRoutes(app: FastifyInstance, { db, emailDelaySeconds }: SettingsDeps): void {
  /** The caller, whose own settings they have to be, to read as well. Everything else is judged after that. */
  const ownerOf = async (request: FastifyRequest<Path>): Promise<UserRow> => {
    const user = await callerOf(db, request)
    if (request.params.id !== user.id) throw new Refused('not_your_settings')
    return user
  }

  app.get<Path>('/api/v2/users/:id/settings/notifications', listOperation, async (request) => {
    const { settings } = await ownerOf(request)
    return SETTING_KEYS.map((key): Setting => {
      const value = settingShown(settings, key, emailDelaySeconds)
      return { key, value, category: SETTING_CATEGORY, ...WORDS[key] }
    })
  })

  app.patch<Path & { Body: { setting?: unknown } }>(
    '/api/v2/users/:id/settings',
    changeOperation,
    async (request) => {
      const user = await ownerOf(request)
      const { setting } = request.body
      const { key, value, category } = (setting ?? {}) as Readonly<Record<string, unknown>>
      const other = category !== undefined && category !== null && category !== SETTING_CATEGORY
      if (!isSettingKey(key) || other) throw new Refused('invalid_setting_key')
      const read = readSetting(key, value)
      if (read === null) throw new Refused('invalid_setting_value')
      await changeSetting(db, user.key, key, read)
      return { message: 'Setting updated successfully' }
    },
  )
}
