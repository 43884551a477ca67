import { type Static, Type } from 'typebox'
import { HostId, NOT_BLANK, NullableString, Text, Time, Words } from './common.ts'
import { MEMBER_STATUSES } from './communities.ts'

const NAME_MAX = 255
const tooLong = (max: number) => `is too long (maximum is ${max} characters)`

const Name = (label: string, example: string) =>
  Text(
    { label, pattern: "can't be blank", maxLength: tooLong(NAME_MAX) },
    { pattern: NOT_BLANK, maxLength: NAME_MAX, examples: [example] },
  )
/** Null clears it, leaving it out keeps it. */
const Clearable = (label: string, maxLength: number, format: string, example: string, fault = 'is invalid') =>
  NullableString({
    maxLength,
    format,
    faults: { label, maxLength: tooLong(maxLength), format: fault },
    examples: [example],
  })
const Switch = (label: string) => Type.Optional(Type.Boolean({ faults: { label }, examples: [true] }))

export const UserBody = Type.Object(
  {
    username: Name('Username', 'whisky_lover'),
    name: Type.Optional(Clearable('Name', NAME_MAX, 'text', 'Robin Cask')),
    email: Type.Optional(Clearable('Email', 320, 'email-address', 'robin@example.com')),
    avatar_url: Type.Optional(
      Clearable(
        'Avatar url',
        2_048,
        'web-url',
        'https://storage.example.com/avatars/user.jpg',
        'must be an http or https URL',
      ),
    ),
    time_zone: Type.Optional(
      Clearable('Time zone', 64, 'time-zone', 'Europe/Lisbon', 'must be an IANA name such as Europe/Lisbon'),
    ),
    settings: Type.Optional(
      Type.Object(
        {
          'messages.email': Switch('Settings messages.email'),
          'messages.push': Switch('Settings messages.push'),
        },
        { faults: { label: 'Settings' } },
      ),
    ),
  },
  { description: 'Fields that are left out stay as they are; null clears one.' },
)
export type UserBody = Static<typeof UserBody>

export const ServiceUser = Type.Object({
  id: Type.String({ examples: ['member-1'] }),
  username: Type.String({ examples: ['whisky_lover'] }),
  name: NullableString({ examples: ['Robin Cask'] }),
  email: NullableString({ examples: ['robin@example.com'] }),
  avatar_url: NullableString({ examples: [null] }),
  time_zone: NullableString({ examples: ['Europe/Lisbon'] }),
  settings: Type.Object({ 'messages.email': Type.Boolean(), 'messages.push': Type.Boolean() }),
})
export type ServiceUser = Static<typeof ServiceUser>

export const CommunityBody = Type.Object({
  name: Name('Name', 'The Whisky Club'),
  creator_id: HostId({ label: 'Creator' }),
})
export type CommunityBody = Static<typeof CommunityBody>

export const ServiceCommunity = Type.Object({
  id: Type.String({ examples: ['whisky-club'] }),
  name: Type.String({ examples: ['The Whisky Club'] }),
  creator_id: Type.String({ examples: ['creator-1'] }),
})
export type ServiceCommunity = Static<typeof ServiceCommunity>

const STATUS_FAULT = `must be one of ${MEMBER_STATUSES.join(', ')}`
const TierField = (label: string) =>
  Type.Optional(Clearable(label, NAME_MAX, 'text', label.split(' ')[1] as string))

export const MemberBody = Type.Object(
  {
    status: Words(MEMBER_STATUSES, {
      faults: { label: 'Status', enum: STATUS_FAULT, type: STATUS_FAULT },
      examples: ['active'],
    }),
    joined_at: Type.Optional(
      Type.String({
        format: 'moment',
        faults: { label: 'Joined at', format: 'must be a time such as 2024-12-01T10:30:00Z' },
        description: 'Default: when the membership is first told of.',
        examples: ['2024-12-01T10:30:00Z'],
      }),
    ),
    tier: Type.Optional(
      Type.Unsafe<{ id?: string | null; name?: string | null; color?: string | null } | null>({
        type: ['object', 'null'],
        properties: {
          id: TierField('Tier id'),
          name: TierField('Tier name'),
          color: TierField('Tier color'),
        },
        faults: { label: 'Tier' },
        examples: [{ id: 'gold', name: 'Gold', color: '#d4af37' }],
      }),
    ),
  },
  { description: 'Fields that are left out stay as they are; a null tier clears it.' },
)
export type MemberBody = Static<typeof MemberBody>

export const TOKEN_SECONDS_DEFAULT = 3_600
export const TOKEN_SECONDS_MAX = 86_400
const SECONDS_FAULT = `must be a whole number of seconds from 1 to ${TOKEN_SECONDS_MAX}`

export const TokenBody = Type.Object({
  user_id: HostId({ label: 'User' }),
  expires_in: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: TOKEN_SECONDS_MAX,
      faults: { label: 'Expires in', type: SECONDS_FAULT, minimum: SECONDS_FAULT, maximum: SECONDS_FAULT },
      description: `Seconds; default ${TOKEN_SECONDS_DEFAULT}.`,
      examples: [3600],
    }),
  ),
})
export type TokenBody = Static<typeof TokenBody>

export const TokenAnswer = Type.Object({
  access_token: Type.String({ examples: ['eyJhbGciOiJIUzI1NiJ9.e30.sig'] }),
  expires_at: Time,
})
