import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import staticFiles from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { escaped } from '../../html.ts'
import { answerPage } from '../page.ts'

export interface WebDeps {
  /** The folder of the built inbox (npm run build:web). */
  readonly webFolder: string
  readonly loginUrl: string | null
  readonly avatarOrigins: readonly string[]
  /** Whose pages may frame the inbox, besides its own. */
  readonly corsOrigins: readonly string[]
}

const YEAR_S = 31_536_000
// Its name holds a hash of what is in it.
const HASHED = /\/assets\//

/**
 * The inbox, as it was built. Nothing of it is private, so it may be kept; nothing in it runs that is not a file of it: messages are
 * other people's words, and the policy holds also where the page fails to.
 */
export async function webRoutes(app: FastifyInstance, deps: WebDeps): Promise<void> {
  const page = readPage(deps)
  const policy = policyOf(deps)
  app.get('/', { schema: { hide: true } }, (_request, reply) => {
    if (page === null) {
      const text = 'The inbox is not built: npm run build:web, then start again.'
      return answerPage(reply, 503, {
        title: 'Snug',
        text,
        links: [{ href: 'docs', text: 'The API reference' }],
      })
    }
    return guarded(reply, policy)
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(page)
  })
  if (page === null) return
  await app.register(staticFiles, {
    root: deps.webFolder,
    index: false,
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    globIgnore: ['**/index.html*', '**/*.br', '**/*.gz', '.built'],
    setHeaders(response, path) {
      response.header(
        'cache-control',
        HASHED.test(path) ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
      )
      response.header('content-security-policy', policy)
      // `<snug-inbox>` is loaded by pages of the host.
      response.header('access-control-allow-origin', '*')
      response.header('cross-origin-resource-policy', 'cross-origin')
    },
  })
}

/** The page, with where to sign in. Null: it was never built. */
function readPage({ webFolder, loginUrl }: WebDeps): string | null {
  const path = join(webFolder, 'index.html')
  if (!existsSync(path)) return null
  const login = loginUrl === null ? '' : `<meta name="snug-login" content="${escaped(loginUrl)}">`
  return readFileSync(path, 'utf8').replace('<!--snug-->', () => login)
}

function guarded(reply: FastifyReply, policy: string): FastifyReply {
  return reply
    .header('content-security-policy', policy)
    .header('referrer-policy', 'no-referrer')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('permissions-policy', 'camera=(), geolocation=(), microphone=()')
}

/** No inline script or style, nothing from elsewhere but the pictures that are allowed, no text that becomes script (Trusted Types). */
function policyOf({ avatarOrigins, corsOrigins }: WebDeps): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ["img-src 'self'", ...avatarOrigins].join(' '),
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    ["frame-ancestors 'self'", ...corsOrigins].join(' '),
    "require-trusted-types-for 'script'",
    'trusted-types snug',
  ].join('; ')
}
