import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { act, type Behave, bodyOf, type HttpsServer, startHttps } from './behaviour.ts'
import { readJwt } from './jwt.ts'

export interface FcmMessage {
  readonly token: string
  readonly notification: { readonly title: string; readonly body: string }
  readonly data: Readonly<Record<string, string>>
  readonly android: {
    readonly priority: string
    readonly ttl: string
    readonly collapse_key: string
    readonly notification: { readonly tag: string; readonly notification_count: number }
  }
  readonly apns: {
    readonly headers: Readonly<Record<string, string>>
    readonly payload: { readonly aps: Readonly<Record<string, unknown>> }
  }
}

export interface FcmService extends HttpsServer {
  /** A service account's JSON, for SNUG_FCM_CREDENTIALS. */
  readonly credentials: string
  /** Messages that came with a good access token. */
  readonly received: readonly FcmMessage[]
  /** Requests for an access token, and what was wrong with the bad ones. */
  tokenRequests(): number
  readonly faults: readonly string[]
  /** No access token given so far is good any more. */
  revokeTokens(): void
  behave(behave: Behave<FcmMessage> | null): void
  /** The same for the token endpoint. @param expiresIn seconds */
  behaveToken(behave: Behave<string> | null, expiresIn?: number): void
}

const PROJECT = 'snug-test'
const EMAIL = 'push@snug-test.iam.gserviceaccount.com'
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'

/** FCM HTTP v1 and Google's token endpoint on loopback. It checks the assertion, and asks for the tokens that it gave. */
export async function startFcm(): Promise<FcmService> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const good = new Set<string>()
  const received: FcmMessage[] = []
  const faults: string[] = []
  let behave: Behave<FcmMessage> | null = null
  let behaveToken: Behave<string> | null = null
  let expiresIn = 3600
  let tokenRequests = 0
  let requests = 0
  const server = await startHttps(async (request, response) => {
    const body = (await bodyOf(request)).toString('utf8')
    if (request.method === 'POST' && request.url === '/token') {
      const number = ++tokenRequests
      const fault = faultOfGrant(new URLSearchParams(body), `${server.url}/token`)
      if (fault) {
        faults.push(fault)
        return act(response, jsonOf(400, { error: 'invalid_grant', error_description: fault }))
      }
      const token = `ya29.${randomBytes(16).toString('base64url')}`
      good.add(token)
      const answer = jsonOf(200, { access_token: token, expires_in: expiresIn, token_type: 'Bearer' })
      return act(response, answer, behaveToken?.(token, number))
    }
    if (request.method !== 'POST' || request.url !== `/v1/projects/${PROJECT}/messages:send`) {
      return act(response, { status: 404, body: '<html>Not found</html>' })
    }
    if (!good.has(String(request.headers.authorization).replace('Bearer ', ''))) {
      return act(
        response,
        fcmFault(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
      )
    }
    const { message } = JSON.parse(body) as { message: FcmMessage }
    const behaviour = behave?.(message, ++requests)
    received.push(message)
    return act(response, jsonOf(200, { name: `projects/${PROJECT}/messages/${requests}` }), behaviour)
  })

  function faultOfGrant(form: URLSearchParams, audience: string): string | null {
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'no such grant'
    try {
      const { claims } = readJwt(form.get('assertion') ?? '', 'RS256', publicKey)
      const now = Date.now() / 1000
      if (claims.iss !== EMAIL || claims.scope !== SCOPE) return 'another issuer or scope'
      if (claims.aud !== audience) return 'another audience'
      const [iat, exp] = [Number(claims.iat), Number(claims.exp)]
      return iat <= now + 1 && exp > now && exp <= iat + 3600 ? null : 'not the times of an assertion'
    } catch (error) {
      return String(error)
    }
  }

  return {
    ...server,
    credentials: JSON.stringify({
      type: 'service_account',
      project_id: PROJECT,
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: EMAIL,
      token_uri: `${server.url}/token`,
    }),
    received,
    faults,
    tokenRequests: () => tokenRequests,
    revokeTokens: () => good.clear(),
    behave: (next) => {
      behave = next
    },
    behaveToken: (next, seconds = 3600) => {
      behaveToken = next
      expiresIn = seconds
    },
  }
}

/** An answer as FCM words its faults. @param details `errorCode`, or fields that were not taken */
export function fcmFault(
  status: number,
  name: string,
  message: string,
  details: { readonly errorCode?: string; readonly field?: string } = {},
) {
  const { errorCode, field } = details
  return jsonOf(status, {
    error: {
      code: status,
      message,
      status: name,
      details: [
        ...(errorCode ? [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }] : []),
        ...(field
          ? [
              {
                '@type': 'type.googleapis.com/google.rpc.BadRequest',
                fieldViolations: [{ field, description: message }],
              },
            ]
          : []),
      ],
    },
  })
}

function jsonOf(status: number, body: unknown) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
