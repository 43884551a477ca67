import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type * as host from '../../client/src/service-types.ts'
import type * as client from '../../client/src/types.ts'
import type * as communities from '../../contract/communities.ts'
import type * as messages from '../../contract/messages.ts'
import type * as records from '../../contract/notification-records.ts'
import type * as notifications from '../../contract/notifications.ts'
import type * as service from '../../contract/service.ts'
import type * as stream from '../../contract/stream.ts'
import type * as transfer from '../../contract/transfer.ts'
import { clientTypes } from '../../scripts/client-types.ts'

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** For the compiler: each is `true`, or it does not compile. */
const same: readonly [
  Same<client.Message, messages.Message>,
  Same<client.MessageList, messages.MessageList>,
  Same<client.Conversation, messages.Conversation>,
  Same<client.ConversationList, messages.ConversationList>,
  Same<client.Community, communities.Community>,
  Same<client.CommunityList, communities.CommunityList>,
  Same<client.Member, communities.Member>,
  Same<client.MemberList, communities.MemberList>,
  Same<client.BlockBody, communities.BlockBody>,
  Same<client.Setting, notifications.Setting>,
  Same<client.Device, notifications.Device>,
  Same<host.UserBody, service.UserBody>,
  Same<host.ServiceUser, service.ServiceUser>,
  Same<host.CommunityBody, service.CommunityBody>,
  Same<host.ServiceCommunity, service.ServiceCommunity>,
  Same<host.MemberBody, service.MemberBody>,
  Same<host.TransferLine, transfer.TransferLine>,
  Same<host.ImportAnswer, transfer.ImportAnswer>,
  Same<host.NotificationsOfMessage, records.NotificationsOfMessage>,
  Same<client.StreamData, stream.StreamData>,
  Same<client.StreamEvent, stream.StreamEvent>,
] = Array(21).fill(true) as never

test("the client's types are those of the contract", () => {
  assert.equal(same.length, 21)
  for (const [path, text] of Object.entries(clientTypes()))
    assert.equal(readFileSync(path, 'utf8'), text, 'to be made again: npm run client-types')
})
