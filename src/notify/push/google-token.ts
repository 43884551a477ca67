import type { Agent } from 'node:https'
import { createSigner } from 'fast-jwt'
import type { FcmConfig } from '../../config/push.ts'
import { exchange } from './exchange.ts'

/** What Google's token endpoint said instead of giving a token. */
export class NoToken extends Error {
  override name = 'NoToken'
}

export interface GoogleToken {
  /**
   * The access token: kept until shortly before it ends, fetched once however many ask.
   * @throws {NoToken} with words for the operator, and what connecting throws
   */
  get(): Promise<string>
  /** This one is not taken any more; another that was fetched meanwhile stays. */
  forget(token: string): void
}

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
/** A token that ends while the request is on its way helps nobody. */
const MARGIN_S = 60

/**
 * The access token of a service account (RFC 7523). google-auth-library was looked at (11.3.4): it needs Node 22 where
 * Snug runs on 20, it brings six packages for this one request, and the address of the token endpoint is a constant in
 * it, so that neither a test nor a network with its own way to Google could set it.
 */
export function googleToken(config: FcmConfig, agent: Agent, deadlineMs: number): GoogleToken {
  const url = new URL(config.tokenUrl)
  const sign = createSigner({
    algorithm: 'RS256',
    key: config.privateKey,
    iss: config.clientEmail,
    aud: config.tokenUrl,
    expiresIn: 3_600_000,
  })
  let kept: { token: string; until: number } | null = null
  let fetching: Promise<string> | null = null

  async function fetchToken(): Promise<string> {
    const body = new URLSearchParams({ grant_type: GRANT, assertion: sign({ scope: SCOPE }) }).toString()
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    }
    const answer = await exchange(url, { agent, headers, body, deadlineMs })
    const { access_token, expires_in, error, error_description } = parse(answer.body)
    if (answer.status !== 200 || typeof access_token !== 'string' || !/^[\x21-\x7e]+$/.test(access_token)) {
      throw new NoToken(`no access token: ${answer.status} ${error ?? ''} ${error_description ?? ''}`)
    }
    const seconds = typeof expires_in === 'number' ? expires_in - MARGIN_S : 0
    kept = { token: access_token, until: Date.now() + 1000 * seconds }
    return access_token
  }

  return {
    get() {
      if (kept && kept.until > Date.now()) return Promise.resolve(kept.token)
      fetching ??= fetchToken().finally(() => {
        fetching = null
      })
      return fetching
    },
    forget(token) {
      if (kept?.token === token) kept = null
    },
  }
}

function parse(body: string): Record<string, unknown> {
  try {
    return (JSON.parse(body) as Record<string, unknown> | null) ?? {}
  } catch {
    return {}
  }
}
