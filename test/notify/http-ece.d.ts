declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'

  /** The part that the tests use: a payload of RFC 8291, read as the browser reads it. */
  export function decrypt(
    body: Buffer,
    options: { readonly version: 'aes128gcm'; readonly privateKey: ECDH; readonly authSecret: string },
  ): Buffer
}
