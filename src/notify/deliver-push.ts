import { type Gathered, gather } from '../actions/gather.ts'
import type { Device, NoteSent, NotifiedMessage, Outcome, Push, SendPush } from '../domain/delivery.ts'
import type { Db } from '../store/db.ts'
import { unreadOfUsers } from '../store/notification-facts.ts'
import type { DeviceRecord, DeviceRecords, LeasedNotification, Settlement } from '../store/notifications.ts'
import { removeGoneDevice } from '../store/recipients.ts'
import { createJudge, keepable, type Ready, tryLater, untried, waitOn } from './verdicts.ts'

interface Told {
  readonly device: Device
  readonly outcome: Outcome
}

/**
 * Sends one push to each device for notifications that go out together, if the rules still say so. A device that is done with
 * is left out when another has to be tried again.
 */
export function createPushDelivery(
  db: Db,
  { send, noteSent, emailDelaySeconds }: { send: SendPush; noteSent: NoteSent; emailDelaySeconds: number },
): (job: readonly LeasedNotification[]) => Promise<readonly Settlement[]> {
  const judge = createJudge(db, 'push', emailDelaySeconds)
  const badges = gatherBadges(db)
  return async (job) => {
    const { ready, settled } = await judge(job)
    const newest = ready.at(-1)
    if (!newest) return settled
    const push = pushOf(ready, newest, await badges.ask(newest.facts.recipient.key))
    const began = performance.now()
    const open = newest.facts.devices.filter(
      (device) => !ready.every(({ leased }) => device.id in leased.devices),
    )
    const tell = async (device: Device): Promise<Told> => {
      const outcome = await send(device, push)
      if (outcome.kind === 'sent')
        for (const { leased } of ready) noteSent(leased.messageId, 'push', device.id)
      return { device, outcome }
    }
    const told = await Promise.all(open.map(tell))
    for (const { device, outcome } of told) if (outcome.kind === 'gone') await removeGoneDevice(db, device)
    const now = newest.facts.now + (performance.now() - began)
    return [...settled, ...ready.map(({ leased }) => settlementOf(leased, told, now))]
  }
}

// A creator to whom hundreds write at once is counted once for all of them.
function gatherBadges(db: Db): Gathered<number, number> {
  return gather({ size: 64, inFlight: 1, waiting: 10_000 }, async (batch) => {
    const keys = [...new Set(batch.map(({ asked }) => asked))]
    const unread = await unreadOfUsers(db, keys)
    for (const one of batch) one.answer(unread.get(one.asked) ?? 0)
  })
}

function pushOf(ready: readonly Ready[], newest: Ready, badge: number): Push {
  const {
    communityId,
    communityName,
    conversationId,
    sender,
    recipient,
    messageId,
    content,
    createdAt,
    now,
  } = newest.facts
  const message: NotifiedMessage = { id: messageId, content: content ?? '', createdAt: createdAt ?? now }
  const senders = new Set(ready.toReversed().map(({ facts }) => facts.sender.username))
  return {
    community: { id: communityId, name: communityName },
    conversationId,
    sender: { id: sender.id, username: sender.username, avatarUrl: sender.avatarUrl },
    recipient: { key: recipient.key, id: recipient.id, username: recipient.username },
    messages: [message],
    count: ready.length,
    senders: [...senders],
    badge,
  }
}

function settlementOf(leased: LeasedNotification, told: readonly Told[], now: number): Settlement {
  const devices: DeviceRecords = {
    ...leased.devices,
    ...Object.fromEntries(told.flatMap(({ device, outcome }) => recordOf(device, outcome, now))),
  }
  const later = told.flatMap(({ outcome }) => (outcome.kind === 'later' ? [outcome] : []))
  const paused = told.flatMap(({ outcome }) => (outcome.kind === 'paused' ? [outcome.afterMs] : []))
  // The soonest of them: each is asked again for those that are left.
  if (later.length > 0) {
    const words = later[0]?.words ?? ''
    const asked = later.map(({ afterMs }) => afterMs ?? 0)
    return { ...tryLater(leased, now, words, Math.min(...asked, ...paused)), devices }
  }
  if (paused.length > 0) return { ...waitOn(leased, now, Math.min(...paused)), devices }
  const records: readonly DeviceRecord[] = Object.values(devices)
  if (records.some(({ error }) => error === undefined))
    return { ...untried(leased), state: 'sent', tried: true, devices }
  const gone = told.every(({ outcome }) => outcome.kind === 'gone')
  const words = keepable(records.map(({ error }) => error).join('; '))
  if (gone)
    return { ...untried(leased), state: 'skipped', reason: 'no_device', tried: true, error: words, devices }
  return { ...untried(leased), state: 'failed', tried: true, error: words, devices }
}

function recordOf(device: Device, outcome: Outcome, now: number): [string, DeviceRecord][] {
  const at = Math.floor(now / 1_000)
  if (outcome.kind === 'sent') return [[device.id, { at }]]
  if (outcome.kind === 'gone' || outcome.kind === 'refused')
    return [[device.id, { at, error: keepable(outcome.words) }]]
  return []
}
