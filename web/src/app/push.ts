import type { Snug } from '../../../client/src/index.ts'
import { forLong } from './kept.ts'

/** `impossible`: not with this browser, or not at this address. */
export type PushState = 'impossible' | 'denied' | 'off' | 'on'

const worker = (): Promise<ServiceWorkerRegistration | undefined> =>
  navigator.serviceWorker?.getRegistration().catch(() => undefined) ?? Promise.resolve(undefined)

export async function pushState(): Promise<PushState> {
  const registration = await worker()
  if (!registration?.pushManager || !('Notification' in globalThis)) return 'impossible'
  if (Notification.permission === 'denied') return 'denied'
  const subscription = await registration.pushManager.getSubscription()
  return subscription && Notification.permission === 'granted' && forLong.get('device') !== null
    ? 'on'
    : 'off'
}

/** Asks the reader, subscribes, and tells Snug. @throws when the browser or the server refuses */
export async function enablePush(snug: Snug): Promise<PushState> {
  const registration = await worker()
  if (!registration) return 'impossible'
  if ((await Notification.requestPermission()) !== 'granted') return pushState()
  const applicationServerKey = await snug.push.publicKey()
  const options = { userVisibleOnly: true, applicationServerKey }
  const subscription = await registration.pushManager.subscribe(options).catch(async (error) => {
    // One of another key, as before the server's was changed, is in the way.
    await (await registration.pushManager.getSubscription())?.unsubscribe()
    if ((error as DOMException).name !== 'InvalidStateError') throw error
    return registration.pushManager.subscribe(options)
  })
  const { endpoint = '', keys } = subscription.toJSON()
  const id = forLong.get('device') ?? crypto.randomUUID()
  await snug.devices.register(id, { platform: 'web', subscription: { endpoint, keys: keys as never } })
  forLong.set('device', id)
  return 'on'
}

export async function disablePush(snug: Snug): Promise<PushState> {
  const id = forLong.get('device')
  if (id !== null) await snug.devices.remove(id)
  forLong.set('device', null)
  await (await (await worker())?.pushManager.getSubscription())?.unsubscribe()
  return pushState()
}

/** Takes away the notifications of a conversation that has been read, here or elsewhere. */
export async function dropNotifications(isRead: (conversationId: string) => boolean): Promise<void> {
  for (const one of (await (await worker())?.getNotifications()) ?? []) {
    const id = (one.data as { conversation_id?: string } | null)?.conversation_id
    if (id !== undefined && isRead(id)) one.close()
  }
}
