import { type Env, text } from './env.ts'
import { ConfigError } from './error.ts'

const FANOUTS = ['database', 'nats', 'off'] as const

/** How servers tell each other of changes, for each other's streams. */
export type Fanout =
  | { readonly by: 'database' }
  | { readonly by: 'nats'; readonly url: string }
  | { readonly by: 'off' }

/** @throws {ConfigError} */
export function readFanout(env: Env): Fanout {
  const url = natsUrlOf(env)
  const by = text(env, 'SNUG_FANOUT') ?? (url === null ? 'database' : 'nats')
  if (!FANOUTS.some((one) => one === by))
    throw new ConfigError(`SNUG_FANOUT must be one of ${FANOUTS.join(', ')}, not "${by}"`)
  if (by !== 'nats') return Object.freeze({ by: by as 'database' | 'off' })
  if (url === null) throw new ConfigError('SNUG_FANOUT=nats needs NATS_URL')
  return Object.freeze({ by, url })
}

/** The URL can hold a password, so it is never repeated in the error. */
function natsUrlOf(env: Env): string | null {
  const url = text(env, 'NATS_URL')
  if (url === null) return null
  if (!URL.canParse(url) || !['nats:', 'tls:'].includes(new URL(url).protocol) || new URL(url).host === '')
    throw new ConfigError('NATS_URL must be a URL that starts with nats:// or tls://')
  return url
}
