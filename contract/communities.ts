import { type Static, Type } from 'typebox'
import { List, NullableString, Page, PerPage, Text, Time, User, Uuid, Words } from './common.ts'

export const MEMBER_STATUSES = ['active', 'trialing', 'past_due', 'canceled', 'unpaid', 'incomplete'] as const

export const Community = Type.Object({
  id: Type.String({ examples: ['whisky-club'] }),
  name: Type.String({ examples: ['The Whisky Club'] }),
  creator: User,
  role: Words(['creator', 'member'], { examples: ['member'] }),
  status: Words(MEMBER_STATUSES, { examples: ['active'] }),
  unread_count: Type.Integer({ examples: [3] }),
})
export type Community = Static<typeof Community>
export const CommunityList = List(Community)
export type CommunityList = Static<typeof CommunityList>

export const CommunityQuery = Type.Object({ page: Type.Optional(Page), per_page: Type.Optional(PerPage()) })
export type CommunityQuery = Static<typeof CommunityQuery>

const Tier = Type.Unsafe<{ id: string | null; name: string | null; color: string | null } | null>({
  type: ['object', 'null'],
  properties: { id: NullableString(), name: NullableString(), color: NullableString() },
  examples: [{ id: 'gold', name: 'Gold', color: '#d4af37' }],
})

export const Member = Type.Object({
  id: Uuid,
  status: Words(MEMBER_STATUSES, { examples: ['active'] }),
  joined_at: Time,
  is_blocked: Type.Boolean({ examples: [false] }),
  tier_name: NullableString({ examples: ['Gold'] }),
  tier: Tier,
  user: Type.Object({
    id: Type.String({ examples: ['member-1'] }),
    name: NullableString({ examples: ['Robin Cask'] }),
    username: Type.String({ examples: ['whisky_lover'] }),
    email: NullableString({ examples: ['robin@example.com'] }),
    avatar_url: NullableString({ examples: ['https://storage.example.com/avatars/user.jpg'] }),
  }),
  metadata: Type.Object({
    blocked: Type.Boolean({ examples: [false] }),
    blocked_at: NullableString({ examples: [null] }),
    blocked_by: NullableString({
      examples: [null],
      description: "The user's id; null when the host blocked.",
    }),
    block_reason: NullableString({ examples: [null] }),
    unblocked_at: NullableString({ examples: [null] }),
    unblocked_by: NullableString({ examples: [null] }),
  }),
})
export type Member = Static<typeof Member>

export const MemberList = Type.Object({
  total: Type.Integer({ examples: [1] }),
  has_more: Type.Boolean({ examples: [false] }),
  data: Type.Array(Member),
  counts: Type.Object({
    active: Type.Integer({ examples: [1] }),
    canceled: Type.Integer({ examples: [0] }),
    blocked: Type.Integer({ examples: [0] }),
  }),
})
export type MemberList = Static<typeof MemberList>

const STATUS_FAULT = 'must be active, canceled or blocked'

export const MemberQuery = Type.Object({
  page: Type.Optional(Page),
  per: Type.Optional(PerPage('Per')),
  per_page: Type.Optional(PerPage()),
  status: Type.Optional(
    Words(['active', 'canceled', 'cancelled', 'blocked'], {
      faults: { label: 'Status', enum: STATUS_FAULT, type: STATUS_FAULT },
      examples: ['active'],
    }),
  ),
  search: Type.Optional(
    Text({ label: 'Search' }, { description: 'A part of the username, name or email.', examples: ['robin'] }),
  ),
})
export type MemberQuery = Static<typeof MemberQuery>

export const BlockBody = Type.Object({
  reason: Type.Optional(
    Type.Unsafe<string | null>({
      type: ['string', 'null'],
      maxLength: 500,
      format: 'text',
      faults: { label: 'Reason', maxLength: 'is too long (maximum is 500 characters)' },
      examples: ['Spam'],
    }),
  ),
})
export type BlockBody = Static<typeof BlockBody>
