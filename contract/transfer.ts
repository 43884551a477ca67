import { type Static, Type } from 'typebox'
import { HostId, ID_PATTERN, NullableString, Text, UUID_PATTERN } from './common.ts'
import { CONTENT_MAX } from './messages.ts'
import { CommunityBody, MemberBody, UserBody } from './service.ts'

// The lines of import and export (CONTRACT §7): NDJSON, one object a line. What the service API does not have is what an export
// needs so that an import of it answers every GET the same. All of that may be left out.

/** The longest line, in bytes, without its end. */
export const LINE_MAX = 65_536
/** How many errors an import tells of; the others are counted. */
export const ERRORS_MAX = 1_000
/** How far ahead of the clock a message may have been written, in milliseconds. */
export const AHEAD_MAX_MS = 86_400_000

const ID_WORDS = { type: 'is invalid', pattern: 'must be 1 to 64 of A-Z a-z 0-9 . _ ~ -' }
const OwnId = HostId({ label: 'Id', ...ID_WORDS })
const Known = (label: string) => HostId({ label })
const GivenUuid = (label: string, description: string) =>
  Type.Optional(
    Type.String({
      pattern: UUID_PATTERN,
      faults: { label, pattern: 'must be a UUID' },
      description,
      examples: ['01a203e0-09e9-727d-8a69-7cce79def710'],
    }),
  )
const moment = (label: string) => ({
  format: 'moment',
  faults: { label, format: 'must be a time such as 2024-12-01T10:30:00Z' },
})
const GivenMoment = (label: string, description: string) =>
  Type.Optional(Type.String({ ...moment(label), description, examples: ['2024-12-01T10:30:00.123456Z'] }))
const MaybeMoment = (label: string) => Type.Optional(NullableString(moment(label)))
const MaybeUser = (label: string) => Type.Optional(NullableString({ pattern: ID_PATTERN, faults: { label } }))
const Flag = (label: string, description: string) =>
  Type.Optional(Type.Boolean({ faults: { label }, description }))

export const UserLine = Type.Object({
  type: Type.Literal('user'),
  id: OwnId,
  ...UserBody.properties,
  erased_at: Type.Optional(
    NullableString({ ...moment('Erased at'), description: 'Set: an erased user, new to this Snug.' }),
  ),
})
export type UserLine = Static<typeof UserLine>

export const CommunityLine = Type.Object({
  type: Type.Literal('community'),
  id: OwnId,
  ...CommunityBody.properties,
  past_creator_ids: Type.Optional(
    Type.Array(Known('Past creators'), {
      faults: { label: 'Past creators', type: 'must be a list of ids' },
      description: 'Whoever was the creator before, the latest last.',
    }),
  ),
})
export type CommunityLine = Static<typeof CommunityLine>

export const MemberLine = Type.Object({
  type: Type.Literal('member'),
  community_id: Known('Community'),
  user_id: Known('User'),
  ...MemberBody.properties,
  id: GivenUuid('Id', "The membership's id, where it is new."),
  metadata: Type.Optional(
    Type.Object(
      {
        blocked: Type.Optional(Type.Boolean({ faults: { label: 'Blocked' } })),
        blocked_at: MaybeMoment('Blocked at'),
        blocked_by: MaybeUser('Blocked by'),
        block_reason: Type.Optional(
          NullableString({
            maxLength: 500,
            format: 'text',
            faults: { label: 'Reason', maxLength: 'is too long (maximum is 500 characters)' },
          }),
        ),
        unblocked_at: MaybeMoment('Unblocked at'),
        unblocked_by: MaybeUser('Unblocked by'),
      },
      {
        faults: { label: 'Metadata' },
        description: 'The block. Taken in where the membership was never blocked before.',
      },
    ),
  ),
})
export type MemberLine = Static<typeof MemberLine>

export const MessageLine = Type.Object({
  type: Type.Literal('message'),
  id: GivenUuid(
    'Id',
    'Any UUID. Without it, one is made of the community, the people, the text and the time.',
  ),
  community_id: Known('Community'),
  sender_id: Known('Sender'),
  recipient_id: Known('Recipient'),
  content: Text(
    { label: 'Content', maxLength: `is too long (maximum is ${CONTENT_MAX} characters)` },
    { maxLength: CONTENT_MAX, examples: ['Hello! How can I help?'] },
  ),
  created_at: Type.String({ ...moment('Created at'), examples: ['2024-12-01T10:30:00Z'] }),
  read: Flag(
    'Read',
    'Whether the recipient has read it, and so all before it. Without it: yes, unless something before it is unread.',
  ),
  erased: Flag('Erased', 'The text was removed when its sender was erased: the content is empty.'),
  off_list: Flag(
    'Off list',
    'The last message was deleted after this one: the conversation is off both lists.',
  ),
  conversation_id: GivenUuid('Conversation', "The conversation's id, where the message is its first."),
  active_at: GivenMoment('Active at', "The conversation's place in the lists, where it is not `created_at`."),
})
export type MessageLine = Static<typeof MessageLine>

export const KeyLine = Type.Object({
  type: Type.Literal('idempotency_key'),
  community_id: Known('Community'),
  sender_id: Known('Sender'),
  key: Type.String({
    pattern: '^[\\x21-\\x7e]{1,255}$',
    faults: { label: 'Key', pattern: 'must be 1 to 255 visible ASCII characters' },
  }),
  message_id: Type.String({
    pattern: UUID_PATTERN,
    faults: { label: 'Message', pattern: 'must be a UUID' },
  }),
})
export type KeyLine = Static<typeof KeyLine>

export const TransferLine = Type.Union([UserLine, CommunityLine, MemberLine, MessageLine, KeyLine])
export type TransferLine = Static<typeof TransferLine>

const Count = Type.Integer({ examples: [1] })
export const ImportAnswer = Type.Object({
  imported: Type.Object(
    {
      users: Count,
      communities: Count,
      members: Count,
      conversations: Count,
      messages: Count,
      idempotency_keys: Count,
    },
    { description: 'What is new or changed: all zeros when the same is imported again.' },
  ),
  refused: Type.Integer({ description: 'How many lines were refused.', examples: [1] }),
  errors: Type.Array(
    Type.Object({
      line: Type.Integer({ description: 'From 1, blank lines counted.', examples: [3] }),
      message: Type.String({ examples: ["Content can't be blank"] }),
    }),
    { description: `The refused lines in their order, the first ${ERRORS_MAX} of them.` },
  ),
})
export type ImportAnswer = Static<typeof ImportAnswer>

export const ExportQuery = Type.Object({
  community_id: Type.Optional(
    Type.String({
      faults: { label: 'Community' },
      description: 'That community and its people. Without it: everything.',
      examples: ['whisky-club'],
    }),
  ),
})
export type ExportQuery = Static<typeof ExportQuery>
