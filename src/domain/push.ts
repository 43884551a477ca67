import type { PLATFORMS } from '../../contract/notifications.ts'

/** By which way a device is reached: web push, Google's service, Apple's. */
export type Platform = (typeof PLATFORMS)[number]

/** Where a device is reached, as a client registers it and as it is kept: in one form each, since it is compared. */
export interface DeviceAddress {
  readonly platform: Platform
  /** The endpoint of a web push subscription, or the service's token. */
  readonly address: string
  /** A web push subscription's keys, base64url; null for the others. */
  readonly p256dh: string | null
  readonly auth: string | null
}

/** A P-256 pair as RFC 8292 writes it: the point of 65 bytes and the scalar of 32, base64url. */
export interface VapidKeys {
  readonly publicKey: string
  readonly privateKey: string
}
