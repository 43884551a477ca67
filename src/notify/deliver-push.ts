import { type Gathered, gather } from '../actions/gather.ts'
import type { Device, Outcome, Push, SendPush } from '../domain/delivery.ts'
import type { Db } from '../store/db.ts'
import { type MessageFacts, unreadOfUsers } from '../store/notification-facts.ts'
import type { DeviceRecord, DeviceRecords, LeasedNotification, Settlement } from '../store/notifications.ts'
import { removeGoneDevice } from '../store/recipients.ts'
import { type Deliver, type DeliveryDeps, messageOf, noticeOf } from './notice.ts'
import { createTurns, inTurn } from './turns.ts'
import { createJudge, type Ready, tryLater, untried, waitOn } from './verdicts.ts'
import { wordsOf } from './words.ts'

interface Told {
  readonly device: Device
  readonly outcome: Outcome
}

/**
 * Sends one push to each device for notifications that go out together, if the rules still say so. A device that is done with
 * is left out when another has to be tried again.
 */
export function createPushDelivery(db: Db, deps: DeliveryDeps<SendPush>): Deliver {
  const judge = createJudge(db, 'push', deps.emailDelaySeconds, 1)
  const turns = createTurns(deps.slots)
  const badges = gatherBadges(db)
  return (job, mayBegin) =>
    inTurn(
      turns,
      (urgent) => judge(job, urgent),
      async ({ ready, shown, settled }) => {
        const newest = shown.at(-1)
        if (!newest) return settled
        const push = pushOf(ready, newest, await badges.ask(newest.recipient.key))
        if (!mayBegin()) return settled
        const began = performance.now()
        const told = await tellDevices(deps, ready, newest, push)
        // If that fails, the next push to the device is told so again.
        for (const { device, outcome } of told)
          if (outcome.kind === 'gone') await removeGoneDevice(db, device).catch(() => {})
        const now = newest.now + (performance.now() - began)
        return [...settled, ...ready.map(({ leased }) => settlementOf(leased, told, now))]
      },
    )
}

function tellDevices(
  { send, noteSent }: DeliveryDeps<SendPush>,
  ready: readonly Ready[],
  newest: MessageFacts,
  push: Push,
): Promise<Told[]> {
  const ids = ready.map(({ leased }) => leased.messageId)
  const open = newest.devices.filter((device) => !ready.every(({ leased }) => device.id in leased.devices))
  return Promise.all(
    open.map(async (device) => {
      const outcome = await send(device, push)
      if (outcome.kind === 'sent') noteSent(ids, 'push', device.id)
      return { device, outcome }
    }),
  )
}

// A creator to whom hundreds write at once is counted once for all of them.
function gatherBadges(db: Db): Gathered<number, number> {
  return gather({ size: 64, inFlight: 1, waiting: 10_000 }, async (batch) => {
    const keys = [...new Set(batch.map(({ asked }) => asked))]
    const unread = await unreadOfUsers(db, keys)
    for (const one of batch) one.answer(unread.get(one.asked) ?? 0)
  })
}

function pushOf(ready: readonly Ready[], newest: MessageFacts, badge: number): Push {
  const senders = new Set(ready.toReversed().map(({ senderUsername }) => senderUsername))
  return {
    ...noticeOf(newest),
    messages: [messageOf(newest)],
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
  const gone = told.length > 0 && told.every(({ outcome }) => outcome.kind === 'gone')
  const words = wordsOf(records.map(({ error }) => error).join('; '))
  if (gone)
    return { ...untried(leased), state: 'skipped', reason: 'no_device', tried: true, error: words, devices }
  return { ...untried(leased), state: 'failed', tried: true, error: words, devices }
}

function recordOf(device: Device, outcome: Outcome, now: number): [string, DeviceRecord][] {
  const at = Math.floor(now / 1_000)
  if (outcome.kind === 'sent') return [[device.id, { at }]]
  if (outcome.kind === 'gone' || outcome.kind === 'refused')
    return [[device.id, { at, error: wordsOf(outcome.words) }]]
  return []
}
