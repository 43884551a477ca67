import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

/** The links that an email holds. */
export interface Links {
  /** The inbox, with the conversation between the reader and that user open. */
  thread(communityId: string, otherUserId: string): string
  unsubscribe(userKey: number): string
  /** The user whom an unsubscribe link's token is of; null: not one of ours. */
  readUnsubscribe(token: string): number | null
}

const KEY_BYTES = 8
/** 128 bits of HMAC-SHA256: out of reach for guessing over HTTP, and links stay short enough for a line. */
const MAC_BYTES = 16
/** Exactly 24 bytes, so that every token has one spelling. */
const TOKEN = /^[A-Za-z0-9_-]{32}$/

/**
 * Tokens do not expire: a mail client may POST the link of any mail that is still around (RFC 8058), and all that it can
 * do is turn off one user's email.
 * @param publicUrl how users reach Snug, a path included
 * @param secret the installation's; the word before what is signed keeps these tokens apart from others made with it
 */
export function createLinks({ publicUrl, secret }: { publicUrl: string; secret: string }): Links {
  const { origin, pathname } = new URL(publicUrl)
  const base = `${origin}${pathname}`.replace(/\/+$/, '')
  const signing = createSecretKey(secret, 'utf8')
  const signed = (key: Buffer): Buffer =>
    createHmac('sha256', signing).update('unsubscribe\0').update(key).digest().subarray(0, MAC_BYTES)
  return {
    thread(communityId, otherUserId) {
      return `${base}/?community=${encodeURIComponent(communityId)}&user=${encodeURIComponent(otherUserId)}`
    },
    unsubscribe(userKey) {
      const key = Buffer.alloc(KEY_BYTES)
      key.writeBigUInt64BE(BigInt(userKey))
      return `${base}/unsubscribe/${Buffer.concat([key, signed(key)]).toString('base64url')}`
    },
    readUnsubscribe(token) {
      if (!TOKEN.test(token)) return null
      const bytes = Buffer.from(token, 'base64url')
      const key = bytes.subarray(0, KEY_BYTES)
      return timingSafeEqual(bytes.subarray(KEY_BYTES), signed(key)) ? Number(key.readBigUInt64BE()) : null
    },
  }
}
