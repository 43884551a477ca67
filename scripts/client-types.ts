import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { TSchema } from 'typebox'
import * as common from '../contract/common.ts'
import * as communities from '../contract/communities.ts'
import * as insights from '../contract/insights.ts'
import * as messages from '../contract/messages.ts'
import * as records from '../contract/notification-records.ts'
import * as notifications from '../contract/notifications.ts'
import * as service from '../contract/service.ts'
import * as stream from '../contract/stream.ts'
import * as transfer from '../contract/transfer.ts'

// The client's types as plain TypeScript, so that whoever uses the package needs no typebox. Run: npm run client-types

const { User } = common
const { Community, CommunityList, Member, MemberList, BlockBody } = communities
const { Message, MessageList, LatestMessage, Conversation, ConversationList, ReadAnswer, ReadMarks } =
  messages
const { Setting, SettingBody, PublicKey, Device, DeviceList, DeviceBody } = notifications
const { UserBody, ServiceUser, CommunityBody, ServiceCommunity, MemberBody, TokenAnswer } = service
const { UserLine, CommunityLine, MemberLine, MessageLine, KeyLine, TransferLine, ImportAnswer } = transfer
const { NotificationRecord, NotificationsOfMessage } = records
const { Ready, MessageCreated, MessageDeleted, ConversationRead, ConversationHidden, Typing } = stream
const { ConversationChanged, Resync } = stream

type Named = Readonly<Record<string, TSchema>>

const OF_USERS: Named = {
  ...{ User, Message, MessageList, LatestMessage, Conversation, ConversationList, ReadAnswer, ReadMarks },
  ...{ Community, CommunityList, Member, MemberList, BlockBody },
  ...{ Insights: insights.Insights },
  ...{ Setting, SettingBody, PublicKey, Device, DeviceList, DeviceBody },
  ...{ Ready, MessageCreated, MessageDeleted, ConversationRead, ConversationHidden, Typing },
  ...{ ConversationChanged, ConversationUpdated: stream.ConversationUpdated, Resync },
}
const OF_THE_HOST: Named = {
  ...{ UserBody, ServiceUser, CommunityBody, ServiceCommunity, MemberBody, TokenAnswer },
  ...{ UserLine, CommunityLine, MemberLine, MessageLine, KeyLine, TransferLine, ImportAnswer },
  ...{ NotificationRecord, NotificationsOfMessage },
}
const NAMES = new Map(Object.entries({ ...OF_USERS, ...OF_THE_HOST }).map(([name, schema]) => [schema, name]))

const HEAD = `// Made by scripts/client-types.ts from the schemas of contract/. Not to be edited: npm run client-types
`

/** The files by their paths. */
export function clientTypes(): Readonly<Record<string, string>> {
  return {
    'client/src/types.ts': formatted([...declarationsOf(OF_USERS), eventTypes()]),
    'client/src/service-types.ts': formatted(declarationsOf(OF_THE_HOST)),
  }
}

const declarationsOf = (named: Named) =>
  Object.entries(named).map(([name, schema]) => declaration(name, schema))

function formatted(parts: readonly string[]): string {
  const format = ['format', '--stdin-file-path=types.ts']
  const input = [HEAD, ...parts].join('\n')
  return execFileSync('node_modules/.bin/biome', format, { input, encoding: 'utf8' })
}

function eventTypes(): string {
  const fields = Object.entries(stream.StreamEvents).map(
    ([name, schema]) => `  ${keyOf(name)}: ${typeOf(schema as TSchema, '  ')}`,
  )
  return `/** Every event of the stream by its name, with what its data holds: CONTRACT §6. */
export interface StreamData {
${fields.join('\n')}
}

export type StreamEventName = keyof StreamData

/** An event as it comes: its opaque id, by which the stream resumes, its name and its data. */
export type StreamEvent = {
  [Name in StreamEventName]: { readonly id: string; readonly event: Name; readonly data: StreamData[Name] }
}[StreamEventName]
`
}

function declaration(name: string, schema: TSchema): string {
  const text = bodyOf(schema, '')
  const doc = docOf(schema, '')
  return text.startsWith('{') && (schema as Json).type === 'object'
    ? `${doc}export interface ${name} ${text}\n`
    : `${doc}export type ${name} =${text.startsWith('\n') ? '' : ' '}${text}\n`
}

interface Json {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly TSchema[]
  readonly items?: TSchema
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly description?: string
}

function typeOf(schema: TSchema, indent: string): string {
  return NAMES.get(schema) ?? bodyOf(schema, indent)
}

function bodyOf(schema: TSchema, indent: string): string {
  const { type, const: constant, enum: words, anyOf, items, properties } = schema as Json
  if (constant !== undefined) return literal(constant)
  if (anyOf) return anyOf.map((one) => typeOf(one, indent)).join(' | ')
  // Words that may be null are a string to the contract's types as well: more of them may come.
  if (words && type === 'string') return words.map(literal).join(' | ')
  const types = typeof type === 'string' ? [type] : (type ?? [])
  const parts = types.map((one) => {
    if (one === 'object') return objectOf(properties ?? {}, indent)
    if (one === 'array' && items) return `${bracketed(typeOf(items, indent))}[]`
    if (one === 'integer' || one === 'number') return 'number'
    if (one === 'string' || one === 'boolean' || one === 'null') return one
    throw new Error(`no type for ${JSON.stringify(schema)}`)
  })
  if (parts.length === 0) throw new Error(`no type for ${JSON.stringify(schema)}`)
  return parts.join(' | ')
}

function objectOf(properties: Readonly<Record<string, TSchema>>, indent: string): string {
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([name, schema]) => {
    const optional = '~optional' in schema ? '?' : ''
    return `${docOf(schema, inner)}${inner}${keyOf(name)}${optional}: ${typeOf(schema, inner)}`
  })
  return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('\n')}\n${indent}}`
}

function docOf(schema: TSchema, indent: string): string {
  const { description } = schema as Json
  return description === undefined || NAMES.has(schema) !== (indent === '')
    ? ''
    : `${indent}/** ${description} */\n`
}

const literal = (value: unknown) =>
  value === null ? 'null' : typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
const keyOf = (name: string) => (/^\w+$/.test(name) ? name : `'${name}'`)
const bracketed = (type: string) => (/[|{]/.test(type) && type.includes(' | ') ? `(${type})` : type)

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [path, text] of Object.entries(clientTypes())) writeFileSync(path, text)
}
