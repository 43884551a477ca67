import { type Env, text } from './env.ts'
import { ConfigError } from './error.ts'

/** What the web inbox needs to know of the host platform. */
export interface WebConfig {
  /** Where people without a token are sent; null: they are told to come from the host's site. */
  readonly loginUrl: string | null
  /** Sources of the Content-Security-Policy that people's pictures may come from. */
  readonly avatarOrigins: readonly string[]
}

/** @throws {ConfigError} */
export function readWebConfig(env: Env): WebConfig {
  return Object.freeze({ loginUrl: loginUrlOf(env), avatarOrigins: avatarOriginsOf(env) })
}

function loginUrlOf(env: Env): string | null {
  const url = text(env, 'SNUG_LOGIN_URL')
  if (url === null) return null
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol))
    throw new ConfigError(`SNUG_LOGIN_URL must be a URL that starts with http:// or https://, not "${url}"`)
  return url
}

// They go into a header as they are: an origin, or every https one.
function avatarOriginsOf(env: Env): string[] {
  const given = (text(env, 'SNUG_AVATAR_ORIGINS') ?? '').split(',').map((one) => one.trim())
  return given
    .filter((one) => one !== '')
    .map((one) => {
      if (one === 'https:') return one
      if (URL.canParse(one) && /^https?:/.test(one) && new URL(one).origin === one.replace(/\/$/, ''))
        return new URL(one).origin
      throw new ConfigError(
        `SNUG_AVATAR_ORIGINS must be origins such as https://img.example.com, or https: for all, not "${one}"`,
      )
    })
}
