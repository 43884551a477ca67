import { type Static, type TSchema, Type } from 'typebox'
import { ID_PATTERN, List, Page, PerPage, Time, Words } from './common.ts'

// Notification settings and devices: CONTRACT §5.

export const Setting = Type.Object({
  key: Type.String({ examples: ['messages.email'] }),
  value: Type.String({ examples: ['true'] }),
  category: Type.String({ examples: ['notifications'] }),
  title: Type.String({ examples: ['Email'] }),
  description: Type.String({ examples: ['Email me when I get a message'] }),
})
export type Setting = Static<typeof Setting>

export const SettingList = Type.Array(Setting)

/** For the reader: what is wrong with it is told in the words of the settings' own refusals (src/domain/setting.ts). */
export const SettingBody: TSchema = Type.Object(
  {
    setting: Type.Object({
      key: Words(['messages.email', 'messages.push', 'messages.email_delay', 'messages.quiet_hours']),
      value: Type.Union([Type.String(), Type.Boolean(), Type.Integer()], {
        description:
          '`messages.email` and `messages.push`: true or false. `messages.email_delay`: 0, 300 or 3600 seconds, or `daily`. `messages.quiet_hours`: `22:00-07:00` or the empty text. All may be strings.',
      }),
      category: Type.Optional(Words(['notifications'])),
    }),
  },
  { examples: [{ setting: { key: 'messages.email', value: 'false', category: 'notifications' } }] },
)

export const SettingUpdated = Type.Object({
  message: Type.String({ examples: ['Setting updated successfully'] }),
})

export const PublicKey = Type.Object({
  public_key: Type.String({
    description: 'VAPID, base64url: the `applicationServerKey` of a subscription.',
    examples: ['BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM'],
  }),
})

export const PLATFORMS = ['web', 'fcm', 'apns'] as const
export const ENDPOINT_MAX = 2_048
export const TOKEN_MAX = 4_096

export const Device = Type.Object({
  id: Type.String({ pattern: ID_PATTERN, examples: ['phone-1'] }),
  platform: Words(PLATFORMS, { examples: ['web'] }),
  created_at: Time,
  updated_at: Time,
})
export type Device = Static<typeof Device>

export const DeviceList = List(Device)
export const DeviceQuery = Type.Object({ page: Type.Optional(Page), per_page: Type.Optional(PerPage()) })
export type DeviceQuery = Static<typeof DeviceQuery>

const Token = (platform: 'fcm' | 'apns', pattern: string, description: string) =>
  Type.Object({
    platform: Type.Literal(platform),
    token: Type.String({ pattern, minLength: 1, maxLength: TOKEN_MAX, description }),
  })

const ENDPOINT = 'https://push.example.com/send/f1LsxkKphfQ'
const P256DH = 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM'

/** For the reader: which fields are asked for depends on the platform (src/validation/device.ts). */
export const DeviceBody: TSchema = Type.Union(
  [
    Type.Object({
      platform: Type.Literal('web'),
      subscription: Type.Object(
        {
          endpoint: Type.String({
            pattern: '^https://',
            maxLength: ENDPOINT_MAX,
            description: 'An https URL at a public address, without credentials.',
          }),
          keys: Type.Object({
            p256dh: Type.String({ description: 'An uncompressed point of P-256: 65 bytes in base64url.' }),
            auth: Type.String({ description: '16 bytes in base64url.' }),
          }),
        },
        { description: "A browser's `PushSubscription`, as its `toJSON()` gives it." },
      ),
    }),
    Token('fcm', '^[\\x21-\\x7e]+$', 'The registration token.'),
    Token('apns', '^[0-9a-fA-F]+$', 'The device token in hex.'),
  ],
  {
    examples: [
      {
        platform: 'web',
        subscription: { endpoint: ENDPOINT, keys: { p256dh: P256DH, auth: 'BTBZMqHH6r4Tts7J_aSIgg' } },
      },
      { platform: 'fcm', token: 'cRq5n3hVQ0mE:APA91bH' },
      { platform: 'apns', token: '6b1f0c2ad8' },
    ],
  },
)
